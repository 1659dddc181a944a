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
    ///
    /// - Parameters:
    ///   - marked: `[height, width]`, 0 or 255.
    ///   - inverted: fill what is not marked.
    init(width: Int, height: Int, marked: [UInt8], inverted: Bool, argument: String) throws {
        let count = marked.count { $0 != 0 }
        let filled = inverted ? marked.count - count : count
        guard filled > 0 else {
            throw CodecError(
                .invalidArgument, argument: argument, reason: "mask-empty",
                message: inverted
                    ? "The \(argument), inverted, is empty: all of it is white. Leave out the inversion."
                    : "The mask is empty: no pixel is white. Paint what is to be filled white, the rest black.")
        }
        guard filled < marked.count else {
            throw CodecError(
                .invalidArgument, argument: argument, reason: "mask-covers-everything",
                message: inverted
                    ? """
                    The \(argument), inverted, covers the whole photo, so there is nothing to fill it from. Leave out \
                    the inversion, or leave some of the photo white.
                    """
                    : """
                    The \(argument) covers the whole photo, so there is nothing to fill it from. White means fill: \
                    invert the mask, or leave some of the photo black.
                    """)
        }
        self.width = width
        self.height = height
        values = inverted ? marked.map { ~$0 } : marked
        fraction = Double(filled) / Double(marked.count)
    }
}
