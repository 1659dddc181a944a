import Distillation
import Testing

@Suite("Procedural scenes")
struct ProceduralSceneTests {
    /// FNV-1a, enough to tell two pictures apart.
    private func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    @Test("scene(seed:width:height:) gives the same bytes and words twice", arguments: [UInt64(0), 1, 17, 4711, .max])
    func sameSeedSameScene(seed: UInt64) {
        let first = SceneGenerator().scene(seed: seed, width: 96, height: 80)
        let second = SceneGenerator().scene(seed: seed, width: 96, height: 80)
        #expect(hash(first.pixels) == hash(second.pixels))
        #expect(first.caption == second.caption)
        #expect(first.materials == second.materials)
    }

    /// Training runs name a seed: a change of these numbers means other training data. The failing test prints the new
    /// numbers; take them over together with the change that is meant to alter the scenes. Made on x86-64.
    @Test(
        "scene(seed:width:height:) paints what it always painted",
        arguments: [
            (UInt64(1), UInt64(8_195_722_173_554_001_114)), (2, 14_684_295_979_385_331_612),
            (3, 13_484_368_482_415_209_896),
            (1000, 15_448_388_667_640_472_134),
        ])
    func goldenScene(seed: UInt64, expected: UInt64) {
        #expect(hash(SceneGenerator().scene(seed: seed, width: 128, height: 128).pixels) == expected)
    }

    @Test("scene(seed:width:height:) gives another picture for each seed")
    func otherSeedOtherScene() {
        let hashes = Set((0..<60).map { hash(SceneGenerator().scene(seed: $0, width: 48, height: 48).pixels) })
        #expect(hashes.count == 60)
    }

    @Test("scene(seed:width:height:) is the same from several tasks at once")
    func concurrentScenesAreEqual() async {
        let alone = (0..<8).map { hash(SceneGenerator().scene(seed: $0, width: 64, height: 64).pixels) }
        let together = await withTaskGroup(of: (Int, UInt64).self) { group in
            for seed in 0..<8 {
                group.addTask { (seed, hash(SceneGenerator().scene(seed: UInt64(seed), width: 64, height: 64).pixels)) }
            }
            var found = [UInt64](repeating: 0, count: 8)
            for await (seed, value) in group { found[seed] = value }
            return found
        }
        #expect(alone == together)
    }

    @Test("a scene has the size that was asked for", arguments: [(8, 8), (64, 64), (129, 65), (256, 128), (512, 512)])
    func sizeIsKept(width: Int, height: Int) {
        let scene = SceneGenerator().scene(seed: 3, width: width, height: height)
        #expect(scene.width == width)
        #expect(scene.height == height)
        #expect(scene.pixels.count == 3 * width * height)
    }

    @Test("the caption names every material that was drawn")
    func captionNamesMaterials() {
        var words: Set<String> = []
        for seed in 0..<300 {
            let scene = SceneGenerator().scene(seed: UInt64(seed), width: 32, height: 32)
            #expect(!scene.caption.isEmpty)
            #expect(!scene.materials.isEmpty, "seed \(seed): \(scene.caption)")
            for material in scene.materials {
                #expect(scene.caption.contains(material), "seed \(seed): \(material) is missing in: \(scene.caption)")
                words.insert(material)
            }
        }
        #expect(words.count >= 20)
    }

    @Test("scenes are neither flat nor all alike in brightness")
    func scenesHaveContent() {
        var means: [Double] = []
        for seed in 0..<40 {
            let pixels = SceneGenerator().scene(seed: UInt64(seed), width: 64, height: 64).pixels
            let mean = pixels.reduce(0.0) { $0 + Double($1) } / Double(pixels.count)
            #expect(Set(pixels).count > 4, "seed \(seed)")
            means.append(mean)
        }
        let low = means.min() ?? 0
        let high = means.max() ?? 0
        #expect(high - low > 40)
    }
}
