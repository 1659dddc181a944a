import ArgumentParser
import Diffusion
import Distillation
import Foundation
import TensorCore

/// What all commands that train have in common.
struct TrainingOptions: ParsableArguments {
    @Option(name: .customLong("run"), help: "The run folder; made where it is missing.") var runFolder: String
    @Option(help: "Of weights, data and noise.") var seed: UInt64 = 1
    @Option(help: "Steps of the whole run.") var steps = 10_000
    @Option(help: "Small crops in a step; of large ones there are a quarter as many. Default 16, for a teacher 4.")
    var batch: Int?
    @Option(help: "Side of small crops, a multiple of 32 up to 256; large ones have twice of it.") var cropSize = 128
    @Option(help: "Every how many steps the crops are large; 0 for never.") var largeCropInterval = 4
    @Option(help: "Peak learning rate.") var learningRate: Float = 6e-4
    @Option(help: "Steps of linear warm-up.") var warmUpSteps = 200
    @Option(help: "Decay of the averaged weights.") var emaDecay: Float = 0.999
    @Option(help: "Share of samples at the pure-noise timestep.") var terminalShare: Float = 0.8
    @Option(help: "Share of crops with many thin holes.") var thinShare: Float = 0.5
    @Option(help: "Share of scenes with nothing but sharp shapes.") var simpleShare: Float = 0
    @Option(help: "Weigh crops by their pre-fill's error to minus this: 1 for relative errors, 0 for plain ones.")
    var relativeExponent: Float = 1
    @Option(help: "What an error counts for each pixel deeper in the hole.") var depthDiscount: Float = 0.96
    @Option(
        help: """
            From how many coarser resolutions, at most, the network's own fills are a step's pre-fill; drawn anew in each \
            step, 0 for none.
            """)
    var coarseLevels = 0
    @Option(
        help: """
            How much more, at most, errors count at timesteps with less noise, by the signal-to-noise ratio there; 1 for the \
            same everywhere.
            """)
    var snrLimit: Float = 1
    @Option(help: "How many scenes the crops come from.") var scenes = 4_000
    @Option(help: "Crops of real photos to score on, as Tests/Peers/make_crops.py writes them; may be repeated.")
    var validation: [String] = []
    @Option(help: "How many crops of each validation file to use.") var validationLimit = 96
    @Option(help: "Steps between scores and sample sheets; 0 for the end only.") var validationInterval = 500
    @Option(help: "Steps between checkpoints; 0 for the end only.") var checkpointInterval = 500
    @Option(help: "Stop after this step, as if interrupted.") var stopAfter: Int?
    @Option(help: "A model folder whose weights to start from.") var start: String?
    @Option(help: "Write the averaged weights here, in fp16, when the run ends.") var export: String?
    @Option(help: "Megabytes that one exported file of weights may take; larger ones become several, with an index.")
    var shardSize: Int?
    @Option(help: "Threads of the engine.") var threads: Int?
    @OptionGroup var text: TextOptions

    func validate() throws {
        func require(_ condition: Bool, _ problem: String) throws {
            if !condition { throw ValidationError(problem) }
        }
        try require(steps >= 1, "--steps is \(steps); give 1 or more")
        try require((1...1024).contains(batch ?? 1), "--batch is \(batch ?? 1); give 1 to 1024")
        try require(
            cropSize % 32 == 0 && (32...256).contains(cropSize), "--crop-size is \(cropSize); give 32, 64, ... 256")
        try require(largeCropInterval >= 0, "--large-crop-interval is \(largeCropInterval); give 0 or more")
        try require(learningRate > 0 && learningRate < 1, "--learning-rate is \(learningRate); give more than 0")
        try require(warmUpSteps >= 1, "--warm-up-steps is \(warmUpSteps); give 1 or more")
        try require((0..<1).contains(emaDecay), "--ema-decay is \(emaDecay); give 0 or more, below 1")
        let shares = [("terminal", terminalShare), ("thin", thinShare), ("simple", simpleShare)]
        for (name, share) in shares {
            try require((0...1).contains(share), "--\(name)-share is \(share); give 0 to 1")
        }
        try require((0...1).contains(relativeExponent), "--relative-exponent is \(relativeExponent); give 0 to 1")
        try require(
            depthDiscount > 0 && depthDiscount <= 1, "--depth-discount is \(depthDiscount); give more than 0, up to 1")
        try require(
            (0...CoarseToFine.most).contains(coarseLevels),
            "--coarse-levels is \(coarseLevels); give 0 to \(CoarseToFine.most)")
        try require((1...10_000).contains(snrLimit), "--snr-limit is \(snrLimit); give 1 or more")
        try require((1...1_000_000).contains(scenes), "--scenes is \(scenes); give 1 or more")
        try require(validationInterval >= 0 && checkpointInterval >= 0, "intervals of steps are 0 or more")
        try require((1...100_000).contains(shardSize ?? 1), "--shard-size is \(shardSize ?? 1); give 1 or more")
        try require((1...64).contains(threads ?? 1), "--threads is \(threads ?? 1); give 1 to 64")
    }

    /// - Throws: `ModelError` when `start` cannot be read.
    func configuration(defaultBatch: Int) throws -> TrainingConfiguration {
        var c = TrainingConfiguration()
        c.seed = seed
        c.steps = steps
        c.batch = batch ?? defaultBatch
        c.cropSize = cropSize
        c.largeCropInterval = largeCropInterval
        c.learningRate = learningRate
        c.warmUpSteps = warmUpSteps
        c.emaDecay = emaDecay
        c.terminalShare = terminalShare
        c.thinShare = thinShare
        c.simpleShare = simpleShare
        c.relativeExponent = relativeExponent
        c.depthDiscount = depthDiscount
        c.scenes = scenes
        c.coarseLevels = coarseLevels > 0 ? coarseLevels : nil
        c.signalToNoiseLimit = snrLimit > 1 ? snrLimit : nil
        c.text = try text.training(start: start)
        return c
    }

    /// Tells what the engine computes with.
    func prepareEngine() {
        if let threads { BLAS.threads = threads }
        let core = BLAS.coreType
        print(
            "\(Convolution.implementation), OpenBLAS core \(core.inUse)"
                + (core.wasCorrected ? " (detected \(core.detected))" : "") + ", \(BLAS.threads) threads")
    }

    /// Trains until the end, a signal or `stopAfter`, and exports.
    func run(_ trainer: Trainer, name: String) throws {
        let network = trainer.objective.network
        print(
            "\(name) of \(network.parameterCount) parameters, residual scale "
                + "\(network.shape.codec.residualScale), step \(trainer.step) of \(steps)")
        var schedule = Trainer.Schedule()
        schedule.checkpointInterval = checkpointInterval
        schedule.validationInterval = validationInterval
        schedule.validation = try validation.map { try ValidationSet(reading: $0, limit: validationLimit) }
        schedule.writePicture = { try PictureFile.write($0, to: $1) }
        let stop = StopFlag()
        var progress = TrainingProgress(steps: steps, first: trainer.step)
        try trainer.train(
            schedule, report: { progress.report(step: trainer.step, share: $0) },
            shouldStop: { stop.isSet || stopAfter.map { trainer.step >= $0 } ?? false })
        progress.finish()
        guard let export else { return }
        let index = ModelIndex(
            name: name, generation: "seed\(seed)-step\(trainer.step)", defaultSteps: 1,
            provenance: [
                "command": CommandLine.arguments.dropFirst().joined(separator: " "), "seed": String(seed),
                "steps": String(trainer.step),
            ])
        try trainer.export(to: export, index: index, shardBytes: shardSize.map { $0 * 1_000_000 })
        print("wrote \(export)")
    }
}
