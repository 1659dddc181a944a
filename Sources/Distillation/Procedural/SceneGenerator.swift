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
    /// What each pixel shows, row-major: raw values of `SceneContent`.
    public let labels: [UInt8]

    public init(width: Int, height: Int, pixels: [UInt8], caption: String, materials: [String], labels: [UInt8]) {
        precondition(
            pixels.count == 3 * width * height && labels.count == width * height,
            "Distillation: \(pixels.count) bytes and \(labels.count) labels for \(width)x\(height)")
        self.width = width
        self.height = height
        self.pixels = pixels
        self.caption = caption
        self.materials = materials
        self.labels = labels
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
    ///   - seed: of everything in the scene.
    ///   - width: in pixels, at least 8.
    ///   - height: in pixels, at least 8.
    public func scene(seed: UInt64, width: Int, height: Int) -> SyntheticScene {
        develop(seed: seed, width: width, height: height) { $0.paintRecipe() }
    }

    /// One material that fills the whole picture, as a hole may be filled with it; deterministic as scenes are.
    /// - Parameters:
    ///   - content: one of `SceneContent.materials`.
    ///   - seed: of its colours and pattern.
    ///   - width: in pixels, at least 8.
    ///   - height: in pixels, at least 8.
    public func swatch(of content: SceneContent, seed: UInt64, width: Int, height: Int) -> SyntheticScene {
        develop(seed: seed, width: width, height: height) { $0.paintSwatch(Self.substance(of: content)) }
    }

    /// The same as it is painted, not as a camera sees it: bright or dark as the material is, without haze or blur.
    /// - Returns: `[height, width, 3]`.
    func plainSwatch(of content: SceneContent, seed: UInt64, width: Int, height: Int) -> [UInt8] {
        var painter = Painter(seed: seed, width: width, height: height)
        painter.paintSwatch(Self.substance(of: content))
        return Camera.plain(painter.canvas)
    }

    private static func substance(of content: SceneContent) -> Substance {
        guard let substance = Substance(content) else {
            preconditionFailure("Distillation: \(content) does not fill a picture")
        }
        return substance
    }

    private func develop(
        seed: UInt64, width: Int, height: Int, _ paint: (inout Painter) -> Void
    ) -> SyntheticScene {
        precondition(width >= 8 && height >= 8, "a scene needs at least 8x8 pixels")
        var painter = Painter(seed: seed, width: width, height: height)
        paint(&painter)
        var camera = Camera(random: painter.random)
        let (pixels, moods) = camera.develop(painter.canvas)
        painter.notes.moods += moods
        return SyntheticScene(
            width: width, height: height, pixels: pixels, caption: painter.notes.caption(),
            materials: painter.notes.materials, labels: painter.canvas.labels)
    }
}
