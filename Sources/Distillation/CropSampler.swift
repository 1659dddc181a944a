import Layers

/// Makes the batches of procedural scenes.
package struct CropSampler: Sendable {
    let cache: SceneCache
    let scenes: Int
    let seed: UInt64
    let holes: HoleOptions

    package init(_ configuration: TrainingConfiguration) {
        cache = SceneCache(seed: configuration.seed, simpleShare: configuration.simpleShare)
        scenes = configuration.scenes
        seed = configuration.seed
        holes = HoleOptions(configuration)
    }

    /// Crops for measuring: those of steps far beyond any run's, of the same scenes.
    func heldOut(_ index: Int = 0, count: Int, size: Int) -> TrainingBatch {
        batch(step: Int(UInt32.max) + index, count: count, size: size)
    }

    /// The batch of one step by the configuration: small crops, and every so often fewer of twice their side.
    package func batch(step: Int, _ c: TrainingConfiguration) -> TrainingBatch {
        let large = c.largeCropInterval > 0 && step % c.largeCropInterval == c.largeCropInterval - 1
        return batch(
            step: step, count: large ? max(1, c.batch / 4) : c.batch, size: large ? 2 * c.cropSize : c.cropSize)
    }

    /// The batch of one step: a function of the seed and the step alone, so that a resumed run sees the same data.
    package func batch(step: Int, count: Int, size: Int) -> TrainingBatch {
        var random = SeededRandom(seed: seed, stream: UInt64(step))
        var batch = BatchBuilder(size: size, holes: holes)
        for _ in 0..<count {
            func draw() -> TrainingCrop {
                cache.scene(Int(random.next() % UInt64(scenes))).crop(size: size, as: .scene, &random)
            }
            var crop = draw()
            // Most of what is flat has nothing to teach: three in four of such crops are drawn again, once.
            if crop.isFlat, random.uniform() < 0.75 { crop = draw() }
            batch.append(crop, &random) { cache.swatchCrop(size: size, &$0) }
        }
        return batch.finished
    }
}
