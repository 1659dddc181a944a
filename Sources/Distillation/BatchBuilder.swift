import Diffusion
import Inpainting
import Layers

/// Which holes training crops get, and what errors in them count.
struct HoleOptions: Sendable {
    /// Share of crops with many thin holes: they have an answer, and it is near.
    let thinShare: Float
    /// What an error at depth 1, 2, ... counts: powers of the configured factor. Deep inside there is nothing to know,
    /// and its noise would drown the gradient of the rim (the spatially discounted loss of Yu et al. 2018).
    let discount: [Float]
    /// Share of the other crops that may get another material into their hole.
    let insertedShare: Float
    /// Whether that material has any tone.
    let hasAnyTone: Bool
    /// Share of the holes that are not thin which take up most of the picture.
    let wideShare: Float

    init(_ configuration: TrainingConfiguration) {
        thinShare = configuration.thinShare
        insertedShare = configuration.text?.insertedShare ?? 0
        hasAnyTone = configuration.text?.hasAnyTone ?? false
        wideShare = configuration.text?.wideShare ?? 0
        let factor = configuration.depthDiscount
        discount = (0..<127).reduce(into: [1]) { list, _ in list.append(list[list.count - 1] * factor) }
    }
}

/// Collects crops of one size into a batch, each with a random hole, its pre-fill and its caption.
struct BatchBuilder {
    let size: Int
    let holes: HoleOptions
    private var images: [Float] = [], prefills: [Float] = [], masks: [Float] = [], weights: [Float] = []
    private var captions: [TrainingBatch.Caption] = [], contents: [HoleContent?] = []

    init(size: Int, holes: HoleOptions) {
        self.size = size
        self.holes = holes
    }

    /// - Parameter material: draws a crop of one material, to show in the hole of some crops; nil for none.
    mutating func append(
        _ crop: TrainingCrop, _ random: inout SeededRandom, material: ((inout SeededRandom) -> TrainingCrop)? = nil
    ) {
        let isThin = random.uniform() < holes.thinShare, seed = random.next()
        // Numbers of their own: with and without text the same crops and holes are drawn.
        var words = SeededRandom(seed: seed, stream: 0x007E_8705)
        let isWide = holes.wideShare > 0 && !isThin && words.uniform() < holes.wideShare
        let mask =
            if isThin {
                RandomMask.scratches(width: size, height: size, seed: seed)
            } else if isWide {
                RandomMask.wide(width: size, height: size, seed: seed)
            } else {
                RandomMask.make(width: size, height: size, seed: seed)
            }
        let depth = HoleDepth.chessboard(width: size, height: size) { mask[$0] >= 128 }
        var crop = crop, isInserted = false
        if let material, !isThin, words.uniform() < holes.insertedShare,
            let inserted = inserted(material, into: crop, depth: depth, &words)
        {
            (crop, isInserted) = (inserted, true)
        }
        weights += depth.map { $0 > 0 ? holes.discount[min($0, holes.discount.count) - 1] : 0 }
        images += crop.pixels
        prefills += BiharmonicFill.fill(
            crop.pixels, channels: 3, width: size, height: size, mask: mask,
            tolerance: BiharmonicFill.trainingTolerance)
        masks += mask.map { $0 >= 128 ? 1 : 0 }
        let content = crop.labels.map { HoleContent(labels: $0, pixels: crop.pixels, mask: mask) }
        contents.append(content)
        let text: String
        switch content {
        case .some(let content) where isInserted: text = HoleCaption.make(content, &words)
        case .some(let content): text = HoleCaption.make(content, scene: crop.caption, &words)
        case nil: text = crop.caption
        }
        captions.append(TrainingBatch.Caption(text: text, mustStay: isInserted))
    }

    /// A crop with a material in its hole; nil where the hole is too thin for one, and, unless it may have any tone,
    /// where all is so smooth that a network which works in units of the contrast around it could not draw one.
    private func inserted(
        _ material: (inout SeededRandom) -> TrainingCrop, into crop: TrainingCrop, depth: [Int],
        _ random: inout SeededRandom
    ) -> TrainingCrop? {
        let unit = Float(crop.size) / 128, inset = (4 * random.uniform()) * unit, softness = 1 + 2 * random.uniform()
        guard Float(depth.max() ?? 0) >= inset + 6 * unit, holes.hasAnyTone || !crop.isFlat else { return nil }
        let drawn = material(&random)
        func shown(_ fitting: TrainingCrop, in crop: TrainingCrop) -> TrainingCrop {
            crop.showing(fitting, depth: depth, inset: inset, softness: softness)
        }
        guard holes.hasAnyTone else { return shown(drawn.toned(into: crop) { depth[$0] == 0 }, in: crop) }
        // Scenes are paler than many a photo, and their colours are fewer.
        let isColourful = random.uniform() < 0.5
        let vivid = drawn.turned(hue: 0, saturation: 0.8 + 0.5 * random.uniform())
        let hue = 2 * Float.pi * random.uniform(), saturation = 0.5 + 2.5 * random.uniform()
        return shown(vivid, in: isColourful ? crop.turned(hue: hue, saturation: saturation) : crop)
    }

    var finished: TrainingBatch {
        TrainingBatch(
            count: captions.count, size: size, images: images, prefills: prefills, masks: masks, weights: weights,
            captions: captions, contents: contents)
    }
}
