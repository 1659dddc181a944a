import Inpainting
import Layers

/// Cuts training crops out of scenes: place, scale, flips and quarter turns, exposure and tint, mask and pre-fill.
struct CropSampler: Sendable {
    let cache: SceneCache
    let scenes: Int
    let seed: UInt64
    /// Share of crops with many thin holes: they have an answer, and it is near.
    let thinShare: Float
    /// What an error at depth 1, 2, ... counts: powers of the configured factor. Deep inside there is nothing to know, and its noise
    /// would drown the gradient of the rim (the spatially discounted loss of Yu et al. 2018).
    let discount: [Float]

    init(_ configuration: TrainingConfiguration) {
        cache = SceneCache(seed: configuration.seed, simpleShare: configuration.simpleShare)
        scenes = configuration.scenes
        seed = configuration.seed
        thinShare = configuration.thinShare
        let factor = configuration.depthDiscount
        discount = (0..<127).reduce(into: [1]) { list, _ in list.append(list[list.count - 1] * factor) }
    }

    /// The batch of one step: a function of the seed and the step alone, so that a resumed run sees the same data.
    func batch(step: Int, count: Int, size: Int) -> TrainingBatch {
        var random = SeededRandom(seed: seed, stream: UInt64(step))
        let plane = size * size
        var images: [Float] = [], prefills: [Float] = [], masks: [Float] = [], weights: [Float] = []
        images.reserveCapacity(count * 3 * plane)
        for _ in 0..<count {
            var crop = crop(size: size, &random)
            // Most of what is flat has nothing to teach: three in four of such crops are drawn again, once.
            if Self.isFlat(crop, size: size), random.uniform() < 0.75 { crop = self.crop(size: size, &random) }
            let isThin = random.uniform() < thinShare
            let mask =
                isThin
                ? RandomMask.scratches(width: size, height: size, seed: random.next())
                : RandomMask.make(width: size, height: size, seed: random.next())
            let depth = HoleDepth.chessboard(mask, width: size, height: size)
            weights += depth.map { $0 > 0 ? discount[min($0, discount.count) - 1] : 0 }
            images += crop
            prefills += BiharmonicFill.fill(
                crop, channels: 3, width: size, height: size, mask: mask, tolerance: BiharmonicFill.trainingTolerance)
            masks += mask.map { $0 >= 128 ? 1 : 0 }
        }
        return TrainingBatch(
            count: count, size: size, images: images, prefills: prefills, masks: masks, weights: weights)
    }

    /// Whether neighbours two pixels apart differ by less than 1.5 % of the range on average.
    private static func isFlat(_ crop: [Float], size: Int) -> Bool {
        var sum: Float = 0
        for y in 0..<(size - 2) {
            let row = (size + y) * size
            for x in 0..<(size - 2) {
                sum += abs(crop[row + x] - crop[row + x + 2]) + abs(crop[row + x] - crop[row + x + 2 * size])
            }
        }
        return sum < 0.03 * Float(size - 2) * Float(size - 2)
    }

    /// Planar RGB [3, size, size] in 0...1, quantised to 8 bits as photos are.
    private func crop(size: Int, _ random: inout SeededRandom) -> [Float] {
        let side = SceneCache.side
        let pixels = cache.pixels(of: Int(random.next() % UInt64(scenes)))
        // Scenes are drawn larger than crops: seen at a half or a quarter of their scale they are as sharp and as
        // crowded as photos that were scaled down.
        let scales = [1, 2, 2, 4].filter { size * $0 <= side }
        let scale = scales[Int(random.next() % UInt64(scales.count))]
        let span = size * scale
        let left = Int(random.next() % UInt64(side - span + 1)), top = Int(random.next() % UInt64(side - span + 1))
        let turn = random.next()
        let exposure = 0.75 + 0.5 * random.uniform()
        let tint = (0..<3).map { _ in exposure * (0.92 + 0.16 * random.uniform()) }
        let lift = 0.08 * random.uniform() - 0.04
        var result = [Float](repeating: 0, count: 3 * size * size)
        let norm = 1 / (255 * Float(scale * scale))
        pixels.withUnsafeBufferPointer { pixels in
            result.withUnsafeMutableBufferPointer { result in
                for y in 0..<size {
                    for x in 0..<size {
                        var (u, v) = turn & 4 == 0 ? (x, y) : (y, x)
                        if turn & 1 != 0 { u = size - 1 - u }
                        if turn & 2 != 0 { v = size - 1 - v }
                        for channel in 0..<3 {
                            var sum = 0
                            for dy in 0..<scale {
                                for dx in 0..<scale {
                                    let row = top + v * scale + dy, column = left + u * scale + dx
                                    sum += Int(pixels[(row * side + column) * 3 + channel])
                                }
                            }
                            let value = Float(sum) * norm * tint[channel] + lift
                            result[(channel * size + y) * size + x] = (min(max(value, 0), 1) * 255).rounded() / 255
                        }
                    }
                }
            }
        }
        return result
    }
}
