import Inpainting
import Layers

/// Which holes training crops get, and what errors in them count.
struct HoleOptions: Sendable {
    /// Share of crops with many thin holes: they have an answer, and it is near.
    let thinShare: Float
    /// What an error at depth 1, 2, ... counts: powers of the configured factor. Deep inside there is nothing to know,
    /// and its noise would drown the gradient of the rim (the spatially discounted loss of Yu et al. 2018).
    let discount: [Float]

    init(_ configuration: TrainingConfiguration) {
        thinShare = configuration.thinShare
        let factor = configuration.depthDiscount
        discount = (0..<127).reduce(into: [1]) { list, _ in list.append(list[list.count - 1] * factor) }
    }
}

/// Collects crops of one size into a batch, each with a random hole and its pre-fill.
struct BatchBuilder {
    let size: Int
    let holes: HoleOptions
    private var images: [Float] = [], prefills: [Float] = [], masks: [Float] = [], weights: [Float] = []
    private var captions: [String] = []

    init(size: Int, holes: HoleOptions) {
        self.size = size
        self.holes = holes
    }

    /// - Parameter crop: planar RGB [3, size, size] in 0...1.
    mutating func append(_ crop: [Float], caption: String, _ random: inout SeededRandom) {
        let isThin = random.uniform() < holes.thinShare
        let mask =
            isThin
            ? RandomMask.scratches(width: size, height: size, seed: random.next())
            : RandomMask.make(width: size, height: size, seed: random.next())
        let depth = HoleDepth.chessboard(mask, width: size, height: size)
        weights += depth.map { $0 > 0 ? holes.discount[min($0, holes.discount.count) - 1] : 0 }
        images += crop
        prefills += BiharmonicFill.fill(
            crop, channels: 3, width: size, height: size, mask: mask, tolerance: BiharmonicFill.trainingTolerance)
        masks += mask.map { $0 >= 128 ? 1 : 0 }
        captions.append(caption)
    }

    var finished: TrainingBatch {
        TrainingBatch(
            count: captions.count, size: size, images: images, prefills: prefills, masks: masks, weights: weights,
            captions: captions)
    }
}
