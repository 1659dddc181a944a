import Layers
import Synchronization

/// Procedural scenes, each drawn from its own seed when it is first asked for and kept as bytes.
final class SceneCache: Sendable {
    static let side = 512
    private let seed: UInt64
    private let generator = SceneGenerator()
    private let scenes = Mutex<[Int: [UInt8]]>([:])

    /// Share of the scenes that are simple ones.
    private let simpleShare: Float

    init(seed: UInt64, simpleShare: Float) {
        self.seed = seed
        self.simpleShare = simpleShare
    }

    /// RGB interleaved, `side` x `side`. Two threads may draw the same scene at once; they get the same bytes.
    func pixels(of index: Int) -> [UInt8] {
        if let pixels = scenes.withLock({ $0[index] }) { return pixels }
        let own = seed &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15
        var random = SeededRandom(seed: own)
        let drawn =
            random.uniform() < simpleShare
            ? SimpleScene.pixels(seed: own, side: Self.side)
            : generator.scene(seed: own, width: Self.side, height: Self.side).pixels
        scenes.withLock { $0[index] = drawn }
        return drawn
    }
}
