/// What a file may ask for, checked against its header before a pixel is decoded.
public struct CodecLimits: Sendable {
    /// Width times height.
    public var pixels: Int
    /// Width or height.
    public var side: Int
    /// Bytes of the file itself.
    public var fileBytes: Int

    public init(pixels: Int = 100_000_000, side: Int = 30_000, fileBytes: Int = 1 << 30) {
        self.pixels = pixels
        self.side = side
        self.fileBytes = fileBytes
    }

    /// Throws `tooLarge` for an image beyond the limits.
    func check(width: Int, height: Int, argument: String) throws {
        guard width <= side, height <= side, width * height <= pixels else {
            throw CodecError(
                .tooLarge, argument: argument, reason: "too-many-pixels",
                message: """
                    The \(argument) has \(width)x\(height) pixels; at most \(pixels / 1_000_000) megapixels and \
                    \(side) pixels a side can be filled. Scale it down or cut out the part around the hole.
                    """)
        }
    }
}
