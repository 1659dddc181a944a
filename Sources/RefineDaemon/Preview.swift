import BusTransport
import Glibc
import Inpainting
import RefineBus
import WorkerProtocol

/// The place of a fill as a small picture, for programs that read no image format.
///
/// It shows what changed with some of what is around it rather than the whole photo: a scratch in a photo of 12
/// megapixels would be less than a pixel. Pixels are averaged over their exact areas, in linear light, and never enlarged.
struct Preview: Sendable {
    /// What is shown, in pixels of the photo.
    let area: Area
    /// The size of the pictures.
    let width, height: Int

    struct Area: Sendable, Equatable {
        var x, y, width, height: Int
    }

    /// - Parameter size: the most pixels of the picture.
    init(of photo: RawPhoto, _ outcome: FillOutcome, within size: InpaintOptions.PreviewSize) {
        area = Self.surroundings(of: outcome, photo.width, photo.height)
        let scale = min(1, Double(size.width) / Double(area.width), Double(size.height) / Double(area.height))
        width = max(1, Int((Double(area.width) * scale).rounded()))
        height = max(1, Int((Double(area.height) * scale).rounded()))
    }

    func info(index: Int) -> PreviewInfo {
        PreviewInfo(
            index: UInt32(index), width: UInt32(width), height: UInt32(height),
            area: [area.x, area.y, area.width, area.height].map { UInt32($0) })
    }

    /// The smallest box around what changed, and half its longer side, 32 pixels at least, on each side of it.
    private static func surroundings(of outcome: FillOutcome, _ width: Int, _ height: Int) -> Area {
        let box = outcome.box
        var (left, right, top, bottom) = (box.width, -1, box.height, -1)
        for y in 0..<box.height {
            let row = outcome.changed[(y * box.width)..<((y + 1) * box.width)]
            guard let first = row.firstIndex(where: { $0 != 0 }), let last = row.lastIndex(where: { $0 != 0 }) else {
                continue
            }
            left = min(left, first - row.startIndex)
            right = max(right, last - row.startIndex)
            top = min(top, y)
            bottom = y
        }
        guard right >= 0 else { return Area(x: 0, y: 0, width: width, height: height) }
        let margin = max(32, max(right - left, bottom - top) / 2)
        let (x, y) = (max(0, box.x + left - margin), max(0, box.y + top - margin))
        return Area(
            x: x, y: y, width: min(width, box.x + right + 1 + margin) - x,
            height: min(height, box.y + bottom + 1 + margin) - y)
    }

    /// The area of the photo, with a fill laid over it where there is one, as sealed memory of RGB8 without padding.
    ///
    /// - Throws: `WorkerError` where there is no memory.
    func picture(of photo: RawPhoto, under outcome: FillOutcome? = nil) throws -> EncodedFile {
        let pixels = photo.pixels.withPixels { bytes in
            switch outcome?.filled {
            case .u8(let filled): scaled(bytes, photo, outcome?.box) { filled[$0] }
            case .u16(let filled): scaled(bytes, photo, outcome?.box) { UInt8(filled[$0] >> 8) }
            case nil: scaled(bytes, photo, nil) { _ in 0 }
            }
        }
        let buffer = try pixels.withUnsafeBytes { try SharedBuffer($0) }
        return EncodedFile(
            file: try BusFileDescriptor(duplicating: buffer.descriptor), size: pixels.count,
            format: RasterLayout.Format.rgb8.rawValue, notes: [])
    }

    /// Row by row: each source row is averaged across, then added to the one or two rows of the picture it lies in.
    ///
    /// - Parameters:
    ///   - box: where samples are `filled` instead of the photo's.
    ///   - filled: a sample of the box in 8 bits.
    private func scaled(
        _ bytes: UnsafeRawBufferPointer, _ photo: RawPhoto, _ box: PixelBox?, filled: (Int) -> UInt8
    ) -> [UInt8] {
        let columns = Self.shares(of: area.width, in: width), rows = Self.shares(of: area.height, in: height)
        var sums = [Float](repeating: 0, count: width * height * 3)
        var row = [Float](repeating: 0, count: width * 3)
        let (eight, sixteen) = (bytes.bindMemory(to: UInt8.self), bytes.bindMemory(to: UInt16.self))
        let isEight = photo.bitDepth == 8
        for y in area.y..<(area.y + area.height) {
            for index in row.indices { row[index] = 0 }
            for x in area.x..<(area.x + area.width) {
                let share = columns[x - area.x]
                let place = share.index * 3
                var inside: Int?
                if let box, y >= box.y, x >= box.x, y < box.y + box.height, x < box.x + box.width {
                    inside = 3 * ((y - box.y) * box.width + x - box.x)
                }
                let at = 3 * (y * photo.width + x)
                for channel in 0..<3 {
                    let value =
                        inside.map { filled($0 + channel) }
                        ?? (isEight ? eight[at + channel] : UInt8(sixteen[at + channel] >> 8))
                    let light = Self.linear[Int(value)]
                    row[place + channel] += light * share.part
                    if share.rest > 0 { row[place + channel + 3] += light * share.rest }
                }
            }
            let share = rows[y - area.y]
            let place = share.index * row.count
            for index in row.indices { sums[place + index] += row[index] * share.part }
            guard share.rest > 0 else { continue }
            for index in row.indices { sums[place + row.count + index] += row[index] * share.rest }
        }
        return sums.map(Self.encoded)
    }

    /// Where a source pixel lies in the picture. As nothing is enlarged, that is in one pixel or in two that follow.
    private struct Share {
        let index: Int
        /// Which part of the first and of the second the source pixel makes up.
        let part, rest: Float
    }

    private static func shares(of count: Int, in target: Int) -> [Share] {
        let scale = Double(target) / Double(count)
        return (0..<count).map { position in
            let (from, to) = (Double(position) * scale, Double(position + 1) * scale)
            let index = min(Int(from), target - 1)
            let border = index + 1 < target ? min(to, Double(index + 1)) : to
            return Share(index: index, part: Float(border - from), rest: Float(to - border))
        }
    }

    /// IEC 61966-2-1, decoded.
    private static let linear: [Float] = (0..<256).map { value in
        let encoded = Double(value) / 255
        return Float(encoded <= 0.04045 ? encoded / 12.92 : pow((encoded + 0.055) / 1.055, 2.4))
    }

    /// IEC 61966-2-1, encoded.
    private static func encoded(_ light: Float) -> UInt8 {
        let value = light <= 0.0031308 ? light * 12.92 : 1.055 * powf(light, 1 / 2.4) - 0.055
        return UInt8((min(max(value, 0), 1) * 255).rounded())
    }
}
