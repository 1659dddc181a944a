/// One painted scene: its pixels and what is in it.
public struct SyntheticScene: Sendable {
    public let width: Int
    public let height: Int
    /// sRGB, RGB interleaved, row-major, no padding: `3 * width * height` bytes.
    public let pixels: [UInt8]
    /// One short English sentence that names all of `materials`.
    public let caption: String
    /// What was drawn, in one or two words each.
    public let materials: [String]

    public init(width: Int, height: Int, pixels: [UInt8], caption: String, materials: [String]) {
        self.width = width
        self.height = height
        self.pixels = pixels
        self.caption = caption
        self.materials = materials
    }
}

/// Paints scenes from a seed: labelled training data without a photo in it.
///
/// A scene is a recipe (a landscape, things on a table, wires before the sky, ...) of textured, shaded and partly
/// defocused figures in layers that hide each other, developed by a simulated camera.
public struct SceneGenerator: Sendable {
    public init() {}

    /// Deterministic: the same seed and size give the same bytes on every machine of one architecture.
    ///
    /// - Parameters:
    ///   - width: in pixels, at least 8.
    ///   - height: in pixels, at least 8.
    public func scene(seed: UInt64, width: Int, height: Int) -> SyntheticScene {
        precondition(width >= 8 && height >= 8, "a scene needs at least 8x8 pixels")
        var painter = Painter(seed: seed, width: width, height: height)
        painter.paintRecipe()
        var camera = Camera(random: painter.random)
        let (pixels, moods) = camera.develop(painter.canvas)
        painter.notes.moods += moods
        return SyntheticScene(
            width: width, height: height, pixels: pixels, caption: painter.notes.caption(),
            materials: painter.notes.materials)
    }
}
