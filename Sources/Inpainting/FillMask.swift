/// What to fill: one byte per pixel, row-major. 255 (white) = fill, 0 (black) = keep.
///
/// As an input, grey from 128 up counts as white. As ``FillResult/changed`` it is an opacity: 0 = the photo's own
/// pixel.
public struct FillMask: Sendable, Equatable {
    public let width: Int
    public let height: Int
    public internal(set) var values: [UInt8]

    /// - Throws: ``FillError`` with `sizeMismatch`.
    public init(width: Int, height: Int, values: [UInt8]) throws {
        guard let pixels = pixelCount(width, height), values.count == pixels else {
            throw FillError(
                .sizeMismatch, argument: "mask", problem: "\(values.count) values for \(width)x\(height)",
                remedy: "give one byte per pixel without padding")
        }
        self.width = width
        self.height = height
        self.values = values
    }

    /// The number of pixels to fill.
    public var filledCount: Int { values.reduce(0) { $0 + ($1 >= 128 ? 1 : 0) } }

    /// The share of pixels to fill, 0...1.
    public var coverage: Double { Double(filledCount) / Double(values.count) }

    /// 255 where the mask says fill, else 0.
    func binarized() -> FillMask {
        var result = self
        for index in values.indices { result.values[index] = values[index] >= 128 ? 255 : 0 }
        return result
    }

    /// The smallest box around all that is not 0; nil where everything is.
    func boundingBox() -> PixelBox? {
        var box: PixelBox?
        for y in 0..<height {
            let row = values[(y * width)..<((y + 1) * width)]
            guard let first = row.firstIndex(where: { $0 != 0 }), let last = row.lastIndex(where: { $0 != 0 }) else {
                continue
            }
            let part = PixelBox(x: first - row.startIndex, y: y, width: last - first + 1, height: 1)
            box = box?.union(part) ?? part
        }
        return box
    }
}
