/// One PNG that shows a fill beside what it is to be judged by:
/// photo with hole | classical fill | ours | original, with thin white gutters.
///
/// A hole that is small in its photo is shown with the region around it, three times as wide and high as the hole. Each
/// panel is at most 512 pixels wide and high.
public struct ComparePicture {
    /// The photo, `[height, width, 3]` in `bitDepth` bits.
    public let original: UnsafeRawBufferPointer
    /// The fills, `[fillBox.height, fillBox.width, 3]` of the same depth; outside of the box they are the photo.
    public let classical: UnsafeRawBufferPointer
    public let filled: UnsafeRawBufferPointer
    public let fillBox: PixelBox
    /// `[height, width]`, above 0 in the hole.
    public let mask: UnsafeRawBufferPointer
    public let width: Int
    public let height: Int
    public let bitDepth: Int

    static let largestPanel = 512
    static let gutter = 6
    /// Squares of the checker that marks the hole, and its two greys.
    static let checker = (side: 8, dark: UInt8(96), light: UInt8(160))

    public init(
        original: UnsafeRawBufferPointer, classical: UnsafeRawBufferPointer, filled: UnsafeRawBufferPointer,
        fillBox: PixelBox, mask: UnsafeRawBufferPointer, width: Int, height: Int, bitDepth: Int
    ) {
        self.original = original
        self.classical = classical
        self.filled = filled
        self.fillBox = fillBox
        self.mask = mask
        self.width = width
        self.height = height
        self.bitDepth = bitDepth
    }

    /// - Throws: `CodecError` when the sizes do not fit together, or nothing is masked.
    public func png() throws -> [UInt8] {
        let (count, part) = (width * height * 3 * bitDepth / 8, fillBox.width * fillBox.height * 3 * bitDepth / 8)
        guard width > 0, height > 0, bitDepth == 8 || bitDepth == 16, mask.count == width * height,
            original.count == count, classical.count == part, filled.count == part,
            fillBox.x >= 0, fillBox.y >= 0, fillBox.x + fillBox.width <= width, fillBox.y + fillBox.height <= height
        else {
            throw CodecError(
                .invalidArgument, argument: "compare", reason: "size",
                message: "The pictures to compare have different sizes.")
        }
        guard let hole = PixelBox(around: mask, width: width, height: height) else {
            throw CodecError(
                .invalidArgument, argument: "mask", reason: "mask-empty",
                message: "The mask is empty: there is no hole to show.")
        }
        let region = Self.region(around: hole, width: width, height: height)
        let panel = Self.panelSize(for: region)
        let gutter = Self.gutter
        let total = (width: panel.width * 4 + gutter * 3, height: panel.height)
        var sheet = [UInt8](repeating: 255, count: total.width * total.height * 3)
        let before = scale(nil, region, to: panel)
        let panels = [
            markHole(in: before, region, panel), scale(classical, region, to: panel),
            scale(filled, region, to: panel), before,
        ]
        for (index, pixels) in panels.enumerated() {
            let left = index * (panel.width + gutter)
            for y in 0..<panel.height {
                let to = (y * total.width + left) * 3
                sheet.replaceSubrange(
                    to..<to + panel.width * 3, with: pixels[y * panel.width * 3..<(y + 1) * panel.width * 3])
            }
        }
        return try sheet.withUnsafeBytes {
            try PixelFile.png(samples: $0, width: total.width, height: total.height, bands: 3)
        }
    }

    /// Three times the hole in each direction, at least 64 pixels, inside the photo.
    static func region(around hole: PixelBox, width: Int, height: Int) -> PixelBox {
        func span(_ start: Int, _ length: Int, _ whole: Int) -> (start: Int, length: Int) {
            let wanted = min(max(length * 3, 64), whole)
            return (min(max(start + length / 2 - wanted / 2, 0), whole - wanted), wanted)
        }
        let (x, regionWidth) = span(hole.x, hole.width, width)
        let (y, regionHeight) = span(hole.y, hole.height, height)
        return PixelBox(x: x, y: y, width: regionWidth, height: regionHeight)
    }

    /// The region's shape, at most 512 on its longer side; small regions are magnified by a whole number.
    static func panelSize(for region: PixelBox) -> (width: Int, height: Int) {
        let longer = max(region.width, region.height)
        guard longer > largestPanel else {
            let factor = max(largestPanel / 2 / longer, 1)
            return (region.width * factor, region.height * factor)
        }
        return (max(region.width * largestPanel / longer, 1), max(region.height * largestPanel / longer, 1))
    }

    /// Columns or rows of the region that one column or row of the panel stands for.
    private static func sources(_ index: Int, of panel: Int, in start: Int, _ length: Int) -> Range<Int> {
        let first = index * length / panel
        return start + first..<start + max((index + 1) * length / panel, first + 1)
    }

    /// The region of the photo under a fill, or of the photo alone, as RGB of 8 bits and the panel's size: averages
    /// where it shrinks, repeats where it grows.
    private func scale(_ fill: UnsafeRawBufferPointer?, _ region: PixelBox, to panel: (width: Int, height: Int))
        -> [UInt8]
    {
        let box = fillBox
        func sample(_ row: Int, _ column: Int, _ band: Int) -> Int {
            let (pixels, at): (UnsafeRawBufferPointer, Int)
            if let fill, row >= box.y, column >= box.x, row < box.y + box.height, column < box.x + box.width {
                (pixels, at) = (fill, ((row - box.y) * box.width + column - box.x) * 3 + band)
            } else {
                (pixels, at) = (original, (row * width + column) * 3 + band)
            }
            return bitDepth == 8 ? Int(pixels[at]) : Int(pixels.load(fromByteOffset: 2 * at, as: UInt16.self))
        }
        var result = [UInt8](repeating: 0, count: panel.width * panel.height * 3)
        for y in 0..<panel.height {
            let rows = Self.sources(y, of: panel.height, in: region.y, region.height)
            for x in 0..<panel.width {
                let columns = Self.sources(x, of: panel.width, in: region.x, region.width)
                let count = rows.count * columns.count
                for band in 0..<3 {
                    var sum = 0
                    for row in rows {
                        for column in columns {
                            sum += sample(row, column, band)
                        }
                    }
                    let average = (sum + count / 2) / count
                    result[(y * panel.width + x) * 3 + band] = UInt8(
                        bitDepth == 8 ? average : (average * 255 + 32767) / 65535)
                }
            }
        }
        return result
    }

    /// Draws a grey checker where more than half of a panel's pixel is hole.
    private func markHole(in panelPixels: [UInt8], _ region: PixelBox, _ panel: (width: Int, height: Int)) -> [UInt8] {
        var result = panelPixels
        for y in 0..<panel.height {
            let rows = Self.sources(y, of: panel.height, in: region.y, region.height)
            for x in 0..<panel.width {
                let columns = Self.sources(x, of: panel.width, in: region.x, region.width)
                var holes = 0
                for row in rows { for column in columns where mask[row * width + column] > 0 { holes += 1 } }
                guard holes * 2 > rows.count * columns.count else { continue }
                let isDark = (x / Self.checker.side + y / Self.checker.side) % 2 == 0
                let grey = isDark ? Self.checker.dark : Self.checker.light
                for band in 0..<3 { result[(y * panel.width + x) * 3 + band] = grey }
            }
        }
        return result
    }
}
