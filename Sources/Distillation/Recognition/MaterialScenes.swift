/// Labelled pictures for the classifier: a scene whose hole shows one material.
///
/// Layouts are drawn from seeds: training, testing and measuring take theirs from parts of the seeds that do not meet.
struct MaterialScenes: Sendable {
    static let side = 128
    /// Patches are drawn larger, so that one gives many crops.
    static let patchSide = 176

    /// Which layouts: those of one part never occur in another.
    enum Part: UInt64, Sendable {
        case training = 1
        case testing = 2
        case measuring = 3
    }

    private let base: UInt64

    init(_ part: Part) { base = part.rawValue << 56 }

    /// A picture full of one material, as a camera would see it: `patchSide` squared RGB bytes.
    func patch(_ substance: Substance, index: Int) -> [UInt8] {
        var painter = Painter(
            seed: base ^ 0x7061_7463 << 24 ^ UInt64(index), width: Self.patchSide, height: Self.patchSide)
        var surface = painter.surface(substance)
        if painter.random.chance(0.4) {
            surface.mapping.warp = painter.random.uniform(0...0.12)
            surface.mapping.warpScale = painter.random.uniform(0.3...1.5)
        }
        if painter.random.chance(0.4) {
            let tilt = painter.random.uniform(-0.6...0.6) / Float(Self.patchSide)
            surface.mapping = surface.mapping.receding(
                tiltX: 0, tiltY: tilt, x: Float(Self.patchSide) / 2, y: Float(Self.patchSide) / 2)
        }
        let shading = painter.slowLight(strength: 0.9)
        painter.canvas.paint(surface, in: painter.everywhere, shading: shading)
        if painter.random.chance(0.3) { painter.canvas.blur(sigma: painter.random.uniform(0.3...2.2)) }
        var camera = Camera(random: painter.random)
        return camera.develop(painter.canvas).pixels
    }

    /// A scene to put the patch into: `side` squared RGB bytes.
    func background(index: Int) -> [UInt8] {
        SceneGenerator().scene(seed: base ^ UInt64(index), width: Self.side, height: Self.side).pixels
    }

    /// A hole as users make them: `side` squared, 255 = hole.
    func hole(index: Int) -> [UInt8] {
        RandomMask.make(width: Self.side, height: Self.side, seed: base ^ 0x686F_6C65 << 24 ^ UInt64(index))
    }
}
