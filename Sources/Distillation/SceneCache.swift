import Layers
import Synchronization

/// Procedural scenes and swatches of materials, each drawn from its own seed when it is first asked for and kept as
/// bytes.
final class SceneCache: Sendable {
    static let side = 512
    /// Different swatches of each material.
    static let swatches = 16
    private let seed: UInt64
    private let generator = SceneGenerator()
    private let scenes = Mutex<[Int: TrainingPhoto]>([:])
    private let materials = Mutex<[Int: TrainingPhoto]>([:])

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
            drawn = TrainingPhoto(generator.scene(seed: own, width: Self.side, height: Self.side))
        }
        scenes.withLock { $0[index] = drawn }
        return drawn
    }

    /// A crop of any material, as `random` has it, in any colour that the material may have: of swatches as they are, a
    /// network would learn by heart which colours those of each name have.
    func swatchCrop(size: Int, _ random: inout SeededRandom) -> TrainingCrop {
        let contents = SceneContent.materials
        let index = Int(random.next() % UInt64(contents.count * Self.swatches))
        let content = contents[index % contents.count]
        let crop = swatch(of: content, index / contents.count).crop(size: size, as: .scene, &random)
        return crop.turned(hue: content.hueRange * (2 * random.uniform() - 1))
    }

    /// One of the `swatches` of a material.
    func swatch(of content: SceneContent, _ number: Int) -> TrainingPhoto {
        let contents = SceneContent.materials
        guard let place = contents.firstIndex(of: content) else {
            preconditionFailure("Distillation: there are no swatches of \(content)")
        }
        let index = number * contents.count + place
        if let swatch = materials.withLock({ $0[index] }) { return swatch }
        let own = (seed ^ 0x5A7C) &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15
        let drawn = TrainingPhoto(generator.swatch(of: content, seed: own, width: Self.side, height: Self.side))
        materials.withLock { $0[index] = drawn }
        return drawn
    }
}
