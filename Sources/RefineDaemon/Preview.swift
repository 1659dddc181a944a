import BusTransport
import Glibc
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
    private let photoWidth: Int

    struct Area: Sendable, Equatable {
        var x, y, width, height: Int
    }

    /// - Parameters:
    ///   - changed: one value for each pixel of the photo, 0 where nothing changed.
    ///   - size: the most pixels of the picture.
    init(of photo: RawPhoto, changed: [UInt8], within size: InpaintOptions.PreviewSize) {
        precondition(
            changed.count == photo.width * photo.height, "\(changed.count) values for \(photo.width)x\(photo.height)")
        photoWidth = photo.width
        area = Self.surroundings(of: changed, photo.width, photo.height)
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
    private static func surroundings(of changed: [UInt8], _ width: Int, _ height: Int) -> Area {
        var (left, right, top, bottom) = (width, -1, height, -1)
        for y in 0..<height {
            let row = changed[(y * width)..<((y + 1) * width)]
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
        let (x, y) = (max(0, left - margin), max(0, top - margin))
        return Area(
            x: x, y: y, width: min(width, right + 1 + margin) - x, height: min(height, bottom + 1 + margin) - y)
    }

    /// The area of `samples`, which are those of a photo of the same size, as sealed memory of RGB8 without padding.
    ///
    /// - Throws: `WorkerError` where there is no memory.
    func picture(of samples: RawPhoto.Samples) throws -> EncodedFile {
        let pixels =
            switch samples {
            case .u8(let values): scaled { values[$0] }
            case .u16(let values): scaled { UInt8(values[$0] >> 8) }
            }
        let buffer = try pixels.withUnsafeBytes { try SharedBuffer($0) }
        return EncodedFile(
            file: try BusFileDescriptor(duplicating: buffer.descriptor), size: pixels.count,
            format: RasterLayout.Format.rgb8.rawValue, notes: [])
    }

    /// Row by row: each source row is averaged across, then added to the one or two rows of the picture it lies in.
    private func scaled(_ sample: (Int) -> UInt8) -> [UInt8] {
        let columns = Self.shares(of: area.width, in: width), rows = Self.shares(of: area.height, in: height)
        var sums = [Float](repeating: 0, count: width * height * 3)
        var row = [Float](repeating: 0, count: width * 3)
        for y in 0..<area.height {
            for index in row.indices { row[index] = 0 }
            let start = ((area.y + y) * photoWidth + area.x) * 3
            for x in 0..<area.width {
                for channel in 0..<3 {
                    let light = Self.linear[Int(sample(start + 3 * x + channel))]
                    let place = columns[x].index * 3 + channel
                    row[place] += light * columns[x].part
                    if columns[x].rest > 0 { row[place + 3] += light * columns[x].rest }
                }
            }
            let place = rows[y].index * row.count
            for index in row.indices { sums[place + index] += row[index] * rows[y].part }
            guard rows[y].rest > 0 else { continue }
            for index in row.indices { sums[place + row.count + index] += row[index] * rows[y].rest }
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
