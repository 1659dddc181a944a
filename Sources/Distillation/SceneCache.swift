import Layers
import Synchronization

/// Procedural scenes, each drawn from its own seed when it is first asked for and kept as bytes.
final class SceneCache: Sendable {
    static let side = 512
    private let seed: UInt64
    private let generator = SceneGenerator()
    private let scenes = Mutex<[Int: TrainingPhoto]>([:])

    /// Share of the scenes that are simple ones.
    private let simpleShare: Float

    init(seed: UInt64, simpleShare: Float) {
        self.seed = seed
        self.simpleShare = simpleShare
    }

    /// Two threads may draw the same scene at once; they get the same bytes.
    func scene(_ index: Int) -> TrainingPhoto {
        if let scene = scenes.withLock({ $0[index] }) { return scene }
        let own = seed &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15
        var random = SeededRandom(seed: own)
        let drawn: TrainingPhoto
        if random.uniform() < simpleShare {
            // Without caption: there is nothing in a simple scene that has a name.
            drawn = TrainingPhoto(
                width: Self.side, height: Self.side, pixels: SimpleScene.pixels(seed: own, side: Self.side))
        } else {
            let scene = generator.scene(seed: own, width: Self.side, height: Self.side)
            drawn = TrainingPhoto(
                width: Self.side, height: Self.side, pixels: scene.pixels, caption: scene.caption)
        }
        scenes.withLock { $0[index] = drawn }
        return drawn
    }
}
