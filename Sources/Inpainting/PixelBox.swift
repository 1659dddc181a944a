/// A rectangle of pixels: columns `x ..< x + width`, rows `y ..< y + height`.
public struct PixelBox: Sendable, Hashable {
    public var x: Int
    public var y: Int
    public var width: Int
    public var height: Int

    public init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    var endX: Int { x + width }
    var endY: Int { y + height }

    /// The box with `margin` more pixels on each side, cut to an image of `imageWidth` x `imageHeight`.
    func grown(by margin: Int, imageWidth: Int, imageHeight: Int) -> PixelBox {
        grown(by: margin, within: PixelBox(x: 0, y: 0, width: imageWidth, height: imageHeight))
    }

    /// The box with `margin` more pixels on each side, cut to `limit`.
    func grown(by margin: Int, within limit: PixelBox) -> PixelBox {
        let left = max(limit.x, x - margin)
        let top = max(limit.y, y - margin)
        return PixelBox(
            x: left, y: top, width: min(limit.endX, endX + margin) - left,
            height: min(limit.endY, endY + margin) - top)
    }

    /// The smallest box that holds both.
    func union(_ other: PixelBox) -> PixelBox {
        let left = min(x, other.x)
        let top = min(y, other.y)
        return PixelBox(
            x: left, y: top, width: max(endX, other.endX) - left, height: max(endY, other.endY) - top)
    }

    func intersects(_ other: PixelBox) -> Bool {
        x < other.endX && other.x < endX && y < other.endY && other.y < endY
    }
}
