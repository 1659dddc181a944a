import Dispatch
import Layers
import Synchronization

/// Labelled batches: patches and backgrounds are drawn once and combined anew for every sample.
final class MaterialBatches: Sendable {
    struct Batch: Sendable {
        var images: [Float] = []
        var holes: [Float] = []
        var labels: [Int] = []
    }

    private let scenes: MaterialScenes
    private let patchesPerMaterial: Int
    private let backgrounds: Int
    private let seed: UInt64
    private let patchCache = Mutex<[Int: [UInt8]]>([:])
    private let backgroundCache = Mutex<[Int: [UInt8]]>([:])

    init(_ part: MaterialScenes.Part, patchesPerMaterial: Int, backgrounds: Int, seed: UInt64) {
        scenes = MaterialScenes(part)
        self.patchesPerMaterial = patchesPerMaterial
        self.backgrounds = backgrounds
        self.seed = seed
    }

    /// Draws all patches and backgrounds, on all cores.
    func prepare() {
        let patches = MaterialClasses.substances.count * patchesPerMaterial
        DispatchQueue.concurrentPerform(iterations: patches + backgrounds) { i in
            if i < patches {
                _ = patch(i / patchesPerMaterial, i % patchesPerMaterial)
            } else {
                _ = background(i - patches)
            }
        }
    }

    /// The batch of one step: a function of the seed and the step.
    func batch(step: Int, count: Int) -> Batch {
        var random = SeededRandom(seed: seed, stream: UInt64(step))
        var batch = Batch()
        for _ in 0..<count {
            add(label: Int(random.next() % UInt64(MaterialClasses.substances.count)), &random, to: &batch)
        }
        return batch
    }

    /// `perMaterial` samples of every material, in their order.
    func evenBatches(perMaterial: Int) -> [Batch] {
        MaterialClasses.substances.indices.map { label in
            var random = SeededRandom(seed: seed, stream: UInt64(1 << 32 + label))
            var batch = Batch()
            for _ in 0..<perMaterial { add(label: label, &random, to: &batch) }
            return batch
        }
    }

    private func patch(_ label: Int, _ index: Int) -> [UInt8] {
        let key = label * patchesPerMaterial + index
        if let cached = patchCache.withLock({ $0[key] }) { return cached }
        let drawn = scenes.patch(MaterialClasses.substances[label], index: key)
        patchCache.withLock { $0[key] = drawn }
        return drawn
    }

    private func background(_ index: Int) -> [UInt8] {
        if let cached = backgroundCache.withLock({ $0[index] }) { return cached }
        let drawn = scenes.background(index: index)
        backgroundCache.withLock { $0[index] = drawn }
        return drawn
    }

    /// The patch shines through the hole, with the exposure of its own; mirrored and cut at random.
    private func add(label: Int, _ random: inout SeededRandom, to batch: inout Batch) {
        let side = MaterialScenes.side, wide = MaterialScenes.patchSide, plane = side * side
        let patch = patch(label, Int(random.next() % UInt64(patchesPerMaterial)))
        let background = background(Int(random.next() % UInt64(backgrounds)))
        let hole = scenes.hole(index: Int(random.next() >> 40))
        let left = Int(random.next() % UInt64(wide - side + 1)), top = Int(random.next() % UInt64(wide - side + 1))
        let isMirrored = random.next() & 1 == 1
        let exposure = 0.75 + 0.5 * random.uniform()
        let start = batch.images.count
        batch.images += [Float](repeating: 0, count: 3 * plane)
        for y in 0..<side {
            for x in 0..<side {
                let pixel = y * side + x
                let u = isMirrored ? wide - 1 - left - x : left + x
                for channel in 0..<3 {
                    let inside = Float(patch[((top + y) * wide + u) * 3 + channel]) / 255 * exposure
                    let outside = Float(background[pixel * 3 + channel]) / 255
                    batch.images[start + channel * plane + pixel] = hole[pixel] >= 128 ? min(inside, 1) : outside
                }
            }
        }
        batch.holes += hole.map { $0 >= 128 ? 1 : 0 }
        batch.labels.append(label)
    }
}
