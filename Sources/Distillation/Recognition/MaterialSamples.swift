import Diffusion
import Dispatch
import Layers
import Synchronization
import TensorCore

/// Labelled pictures for the classifier: crops of scenes, most of them with a material in a hole, as fills are. Scenes alone
/// teach little: what most of their cells show is sky, ground or wall.
///
/// Layouts come from a seed of their own, so that no picture of a test was seen in training, nor by any model.
public struct MaterialSamples: Sendable {
    public let size: Int
    /// Share of a step's pictures that show a material in a hole.
    static let insertedShare: Float = 0.8
    /// Different swatches of each material: with a few, a network learns them by heart.
    private let swatches: Int
    private let seed: UInt64
    private let scenes: Int
    private let cache: SceneCache

    public struct Batch: Sendable {
        /// RGB [N, 3, size, size].
        public var images: [Float] = []
        /// [N, 1, size, size], 1 in the hole; all 0 where there is none.
        public var holes: [Float] = []
        /// Of each cell of the classifier, [N · size/8 · size/8]; nil where it shows no material, or two.
        public var labels: [Int?] = []
        /// What the hole shows.
        public var inserted: [Int?] = []
    }

    /// - Parameters:
    ///   - seed: of the scenes.
    ///   - scenes: how many to draw.
    ///   - size: side of the pictures, a multiple of 8.
    ///   - swatches: of each material.
    public init(seed: UInt64, scenes: Int, size: Int = 128, swatches: Int = 16) {
        self.swatches = swatches
        self.seed = seed
        self.scenes = scenes
        self.size = size
        cache = SceneCache(seed: seed, simpleShare: 0)
    }

    /// The samples of one step: a function of the seed and the step.
    func batch(step: Int, count: Int) -> Batch {
        Self.joined((0..<count).map { i in (i, nil) }) { i, _ in
            var random = SeededRandom(seed: seed, stream: UInt64(step * count + i))
            let material = random.uniform() < Self.insertedShare ? material(&random) : nil
            return sample(material, &random)
        }
    }

    /// `count` layouts with a hole, each with each of `materials` in it.
    public func holes(_ materials: [Int], count: Int) -> Batch {
        let pairs = materials.flatMap { material in (0..<count).map { ($0, Int?.some(material)) } }
        return Self.joined(pairs) { i, material in
            var random = SeededRandom(seed: seed, stream: UInt64(1 << 40 + i * 1000 + (material ?? 0)))
            return sample(material, &random)
        }
    }

    /// Layouts with a hole that is deep enough for a material, and what they show: [N, 3, S, S] and [N, 1, S, S].
    func layouts(count: Int) -> (images: Tensor, masks: Tensor) {
        let batch = Self.joined((0..<count).map { ($0, Int?.none) }) { i, _ in
            var random = SeededRandom(seed: seed, stream: UInt64(1 << 41 + i))
            var batch = Batch()
            batch.images =
                cache.scene(Int(random.next() % UInt64(scenes))).crop(size: size, as: .scene, &random)
                .pixels
            batch.holes = hole(&random).mask
            return batch
        }
        return (
            Tensor(batch.images, shape: [count, 3, size, size]),
            Tensor(batch.holes, shape: [count, 1, size, size])
        )
    }

    private static func joined(
        _ work: [(Int, Int?)], _ make: @Sendable (Int, Int?) -> Batch
    ) -> Batch {
        let parts = Mutex<[Int: Batch]>([:])
        DispatchQueue.concurrentPerform(iterations: work.count) { i in
            let part = make(work[i].0, work[i].1)
            parts.withLock { $0[i] = part }
        }
        return parts.withLock { parts in
            work.indices.reduce(into: Batch()) { all, i in
                guard let part = parts[i] else { return }
                all.images += part.images
                all.holes += part.holes
                all.labels += part.labels
                all.inserted += part.inserted
            }
        }
    }

    private func material(_ random: inout SeededRandom) -> Int {
        Int(random.next() % UInt64(MaterialClassifier.materials.count))
    }

    /// A hole as users make them, and how deep each of its pixels lies in it: wide enough to show a texture.
    private func hole(_ random: inout SeededRandom) -> (mask: [Float], depth: [Int]) {
        while true {
            let mask = RandomMask.make(width: size, height: size, seed: random.next())
            let depth = HoleDepth.chessboard(width: size, height: size) { mask[$0] >= 128 }
            if (depth.max() ?? 0) >= size / 10 { return (mask.map { $0 >= 128 ? 1 : 0 }, depth) }
        }
    }

    private func sample(_ material: Int?, _ random: inout SeededRandom) -> Batch {
        var crop = cache.scene(Int(random.next() % UInt64(scenes))).crop(
            size: size, as: .scene, &random)
        var batch = Batch()
        batch.holes = [Float](repeating: 0, count: size * size)
        if let material {
            let (mask, depth) = hole(&random)
            let content = MaterialClassifier.materials[material]
            let swatch = cache.swatch(of: content, Int(random.next() % UInt64(swatches)))
                .crop(size: size, as: .scene, &random).turned(hue: content.hueRange * (2 * random.uniform() - 1))
            crop = crop.showing(
                swatch, depth: depth, inset: 2 * random.uniform(),
                softness: 1 + 2 * random.uniform())
            batch.holes = mask
        }
        batch.images = crop.pixels
        batch.labels = cells(crop)
        batch.inserted = [material]
        return batch
    }

    /// The label of each cell three quarters of which show one material.
    private func cells(_ crop: TrainingCrop) -> [Int?] {
        guard let labels = crop.labels else {
            preconditionFailure("Distillation: a scene without labels")
        }
        let side = MaterialClassifier.cell
        let columns = size / side
        return (0..<columns * columns).map { cell in
            var counts = [UInt8: Int]()
            for y in 0..<side {
                for x in 0..<side {
                    counts[
                        labels[(cell / columns * side + y) * size + cell % columns * side + x], default: 0] += 1
                }
            }
            guard let (label, count) = counts.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }),
                4 * count >= 3 * side * side, let content = SceneContent(rawValue: label)
            else { return nil }
            return MaterialClassifier.materials.firstIndex(of: content)
        }
    }
}
