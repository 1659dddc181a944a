/// What of a photo is to be filled: one byte a pixel, 255 = fill, 0 = keep; white in a mask file means fill.
public struct HoleMask: Sendable {
    public let width: Int
    public let height: Int
    /// `[height, width]`, 0 or 255.
    public let values: [UInt8]
    /// How much of the photo is to be filled, above 0 and below 1.
    public let fraction: Double

    /// Samples at or above this mean fill.
    static let threshold: UInt8 = 128
    /// Above this fraction the polarity is probably mixed up.
    static let mostFraction = 0.6

    /// Codes of what a user should be told: "mask-covers-most".
    public var warnings: [String] { fraction > Self.mostFraction ? ["mask-covers-most"] : [] }

    /// Checks that there is something to fill and something to fill it from.
    init(width: Int, height: Int, values: [UInt8], argument: String) throws {
        let filled = values.count { $0 != 0 }
        guard filled > 0 else {
            throw CodecError(
                .invalidArgument, argument: argument, reason: "mask-empty",
                message: "The mask is empty: no pixel is white. Paint what is to be filled white, the rest black.")
        }
        guard filled < values.count else {
            throw CodecError(
                .invalidArgument, argument: argument, reason: "mask-covers-everything",
                message: """
                    The \(argument) covers the whole photo, so there is nothing to fill it from. White means fill: \
                    invert the mask, or leave some of the photo black.
                    """)
        }
        self.width = width
        self.height = height
        self.values = values
        fraction = Double(filled) / Double(values.count)
    }

    /// Fills rectangles.
    ///
    /// - Throws: `CodecError` for a box that is empty or not inside the photo, or when they cover everything.
    public init(boxes: [PixelBox], width: Int, height: Int) throws {
        var values = [UInt8](repeating: 0, count: width * height)
        for box in boxes {
            // Differences instead of sums: the numbers are a caller's, and must not overflow.
            guard box.width > 0, box.height > 0, box.x >= 0, box.y >= 0, box.x < width, box.y < height,
                box.width <= width - box.x, box.height <= height - box.y
            else {
                throw CodecError(
                    .invalidArgument, argument: "box", reason: "box-outside",
                    message: """
                        The box \(box.x),\(box.y),\(box.width),\(box.height) does not lie inside the photo, which has \
                        \(width)x\(height) pixels. Give X,Y,WIDTH,HEIGHT in pixels of the upright photo.
                        """)
            }
            for y in box.y..<box.y + box.height {
                values.replaceSubrange(
                    y * width + box.x..<y * width + box.x + box.width, with: repeatElement(255, count: box.width))
            }
        }
        try self.init(width: width, height: height, values: values, argument: "box")
    }
}
