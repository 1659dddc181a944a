import ArgumentParser
import Diffusion
import Distillation
import Foundation
import Glibc
import TensorCore

struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train the student on procedural scenes by the task loss alone.",
        discussion: """
            Scenes are drawn as they are needed; no image files are read for training. The run folder holds the \
            settings, metrics.jsonl and the newest checkpoint: the same command goes on where it stopped.

            EXAMPLES
              refine-distill train --run runs/student --steps 10000 --seed 1
              refine-distill train --run runs/student --steps 10000 --seed 1 \\
                --validation dev-128.safetensors --validation dev-256.safetensors --export models/student
            """)

    @Option(name: .customLong("run"), help: "The run folder; made where it is missing.") var runFolder: String
    @Option(help: "Of weights, data and noise.") var seed: UInt64 = 1
    @Option(help: "Steps of the whole run.") var steps = 10_000
    @Option(help: "Crops of 128x128 in a step.") var batch = 16
    @Option(help: "Every how many steps the crops are 256x256; 0 for never.") var largeCropInterval = 4
    @Option(help: "Peak learning rate.") var learningRate: Float = 6e-4
    @Option(help: "Steps of linear warm-up.") var warmUpSteps = 200
    @Option(help: "Decay of the averaged weights.") var emaDecay: Float = 0.999
    @Option(help: "Share of samples at the pure-noise timestep.") var terminalShare: Float = 0.8
    @Option(help: "Share of crops with many thin holes.") var thinShare: Float = 0.5
    @Option(help: "Share of scenes with nothing but sharp shapes.") var simpleShare: Float = 0
    @Option(help: "Weigh crops by their pre-fill's error to minus this: 1 for relative errors, 0 for plain ones.")
    var relativeExponent: Float = 1
    @Option(help: "What an error counts for each pixel deeper in the hole.") var depthDiscount: Float = 0.96
    @Option(help: "How many scenes the crops come from.") var scenes = 4_000
    @Option(help: "Crops of real photos to score on, as Tests/Peers/make_crops.py writes them; may be repeated.")
    var validation: [String] = []
    @Option(help: "How many crops of each validation file to use.") var validationLimit = 96
    @Option(help: "Steps between scores.") var validationInterval = 500
    @Option(help: "Steps between checkpoints.") var checkpointInterval = 500
    @Option(help: "Stop after this step, as if interrupted.") var stopAfter: Int?
    @Option(help: "A model folder whose weights to start from.") var start: String?
    @Option(help: "Write the averaged weights here, in fp16, when the run ends.") var export: String?
    @Option(help: "Threads of the engine.") var threads: Int?

    func run() throws {
        if let threads { BLAS.threads = threads }
        var c = TrainingConfiguration()
        c.seed = seed
        c.steps = steps
        c.batch = batch
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
        let core = BLAS.coreType
        print(
            "\(Convolution.implementation), OpenBLAS core \(core.inUse)"
                + (core.wasCorrected ? " (detected \(core.detected))" : "") + ", \(BLAS.threads) threads")
        let sets = try validation.map { try ValidationSet(reading: $0, limit: validationLimit) }
        let trainer = try StudentTrainer(c, folder: runFolder, name: "student", start: start)
        print(
            "student of \(trainer.parameterCount) parameters, residual scale \(trainer.model.codec.residualScale), "
                + "step \(trainer.step) of \(steps)")
        let stop = StopFlag()
        var progress = TrainingProgress(steps: steps, first: trainer.step)
        try trainer.train(
            validation: sets, validationInterval: validationInterval, checkpointInterval: checkpointInterval,
            report: { progress.report(step: $0, share: $1) },
            shouldStop: { stop.isSet || stopAfter.map { trainer.step >= $0 } ?? false })
        guard let export else { return }
        let index = ModelIndex(
            name: "student", generation: "seed\(seed)-step\(trainer.step)", defaultSteps: 1,
            provenance: [
                "command": CommandLine.arguments.dropFirst().joined(separator: " "), "seed": String(seed),
                "steps": String(trainer.step),
            ])
        try trainer.export(to: export, index: index)
        print("wrote \(export)")
    }
}

/// Set by the first SIGINT or SIGTERM: the run then writes a checkpoint and ends.
private final class StopFlag {
    nonisolated(unsafe) private static var signalled: sig_atomic_t = 0  // a handler may write a sig_atomic_t only

    init() {
        for number in [SIGINT, SIGTERM] { signal(number) { _ in StopFlag.signalled = 1 } }
    }

    var isSet: Bool { Self.signalled != 0 }
}

/// One line that is rewritten on a terminal, one line in a hundred steps elsewhere.
private struct TrainingProgress {
    let steps: Int
    let first: Int
    private let began = ContinuousClock.now
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private var average = 0.0

    init(steps: Int, first: Int) {
        self.steps = steps
        self.first = first
    }

    mutating func report(step: Int, share: Double) {
        average = average == 0 ? share : 0.98 * average + 0.02 * share
        guard isTerminal || step % 100 == 0 || step == steps else { return }
        let seconds = began.duration(to: .now) / .seconds(1)
        let left = seconds / Double(max(step - first, 1)) * Double(steps - step)
        let line = String(
            format: "step %d/%d  error left %.3f  %.2f s/step  %d:%02d left", step, steps, average,
            seconds / Double(max(step - first, 1)), Int(left) / 3600, Int(left) / 60 % 60)
        print(line, terminator: isTerminal && step < steps ? "\r" : "\n")
        fflush(nil)
    }
}
