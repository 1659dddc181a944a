/// What a fill made of a photo: one rectangle of the upright picture. Everything outside stays as it is.
public struct FilledPart {
    public let box: PixelBox
    /// `[box.height, box.width, 3]` in the photo's bit depth. It reaches four pixels beyond every changed one, where the
    /// photo does, so that samples of a JPEG which cover several pixels find all of them.
    public let filled: UnsafeRawBufferPointer
    /// `[box.height, box.width]`; above 0 where `filled` counts.
    public let changed: UnsafeRawBufferPointer

    public init(box: PixelBox, filled: UnsafeRawBufferPointer, changed: UnsafeRawBufferPointer) {
        self.box = box
        self.filled = filled
        self.changed = changed
    }

    /// - Throws: `CodecError` when it does not lie inside a photo of this size, or its buffers do not fit.
    func check(width: Int, height: Int, bitDepth: Int) throws {
        guard box.width > 0, box.height > 0, box.x >= 0, box.y >= 0, box.x < width, box.y < height,
            box.width <= width - box.x, box.height <= height - box.y, changed.count == box.width * box.height,
            filled.count == changed.count * 3 * bitDepth / 8
        else {
            throw CodecError(
                .failed, argument: "filled", reason: "size", message: "The fill has another size than the photo.")
        }
    }

    /// Whether a pixel of the upright photo is changed.
    func isChanged(_ x: Int, _ y: Int) -> Bool {
        guard x >= box.x, y >= box.y, x < box.x + box.width, y < box.y + box.height else { return false }
        return changed[(y - box.y) * box.width + x - box.x] > 0
    }
}
