import Autograd
import Diffusion
import Foundation
import Layers
import TensorCore

/// The training loop of every method: batches, updates, averaged weights, metrics, pictures and checkpoints of a run.
///
/// A run that was stopped at any moment, also by SIGKILL, goes on from its last checkpoint and ends with the weights of
/// an uninterrupted one.
///
/// ```swift
/// let trainer = try Trainer(configuration, folder: "runs/student") { try NetworkShape.student().untrained(seed: 1) }
/// try trainer.train()
/// ```
public final class Trainer {
    /// When a run pauses to look at itself. None of it changes what the run computes.
    public struct Schedule {
        public var checkpointInterval = 500
        public var validationInterval = 500
        /// Steps between two lines of metrics.
        public var metricsInterval = 100
        public var validation: [ValidationSet] = []
        /// Writes a picture as a file, where one is wanted: given samples [height, width, 3], sizes and a path.
        public var writePicture: ((_ picture: SampleSheet, _ path: String) throws -> Void)?
        public init() {}
    }

    public let configuration: RunConfiguration
    public let objective: any TrainingObjective
    public let run: RunFolder
    /// How many steps have been made.
    public private(set) var step = 0

    private let optimizer: AdamW
    private let average: ExponentialMovingAverage
    private let loader: BatchLoader
    private let rates: LearningRateSchedule
    private var sums = MetricsSums()
    private lazy var captionedScenes = [Float(0), 1].map { share in
        ValidationSet(scenesOf: 0x7E57, count: 24, size: configuration.training.cropSize, othersShare: share)
    }

    /// Starts a run in `folder`, or goes on with the one that is there.
    /// - Parameters:
    ///   - configuration: of the run; one that differs from the folder's is refused.
    ///   - folder: made where it is missing.
    ///   - objective: makes what is trained, before anything of a former session is loaded into it; it is given the
    ///     network's shape when the folder has one already.
    /// - Throws: `ModelError` when the folder holds another run or is damaged, and what `objective` throws.
    public init(
        _ configuration: RunConfiguration, folder: String,
        objective: (NetworkShape?) throws -> any TrainingObjective
    ) throws {
        self.configuration = configuration
        let training = configuration.training
        run = try RunFolder(folder, configuration: configuration)
        // A run that was killed before its first checkpoint begins anew, with the weights that it began with.
        let checkpoint = try run.checkpoint()
        let kept = checkpoint == nil ? nil : try run.networkShape()
        let objective = try objective(kept)
        self.objective = objective
        if kept == nil { try run.keep(objective.network.shape) }
        loader = BatchLoader(ahead: 4, make: objective.makeBatch)
        optimizer = AdamW(objective.parameters.filter(\.variable.requiresGradient))
        average = ExponentialMovingAverage(objective.parameters, decay: training.emaDecay)
        rates = LearningRateSchedule(
            peak: training.learningRate, warmUpSteps: training.warmUpSteps, totalSteps: training.steps)
        if let checkpoint { try restore(checkpoint) }
        try objective.begin(averages: average.tensors)
        try run.dropMetrics(after: step)
        try run.note(.current(fromStep: step))
    }

    private func restore(_ checkpoint: RunFolder.Checkpoint) throws {
        for (name, variable) in objective.parameters {
            guard let tensor = checkpoint.weights[name], tensor.shape == variable.shape else {
                throw ModelError(.wrongShape, at: run.path, "the checkpoint lacks a fitting \"\(name)\"")
            }
            variable.value.copyInPlace(from: tensor)
        }
        try average.restore(checkpoint.average, updates: checkpoint.step, origin: run.path)
        try optimizer.restore(checkpoint.moments, step: checkpoint.step, origin: run.path)
        step = checkpoint.step
        objective.restored()
    }

    /// Whether all steps of the configuration have been made.
    public var isFinished: Bool { step >= configuration.training.steps }

    /// Runs until the configured number of steps, or until `shouldStop`.
    /// - Parameters:
    ///   - schedule: how often to validate, draw samples and write checkpoints.
    ///   - report: called after every step with the share of the pre-fill's error that is left.
    ///   - shouldStop: asked before every step; a checkpoint is written either way.
    /// - Throws: `ModelError` when a file cannot be written; `TrainingError` on a loss that is not a number. The last
    ///   checkpoint is then whole.
    public func train(
        _ schedule: Schedule = Schedule(), report: (Double) -> Void = { _ in }, shouldStop: () -> Bool = { false }
    ) throws {
        var kept = step
        StoragePool.sharesSizes = false
        while !isFinished, !shouldStop() {
            report(try advance())
            if try record(schedule) { kept = step }
        }
        if kept != step { try writeCheckpoint() }
    }

    /// One step, without a look at the folder.
    /// - Returns: the share of the pre-fill's error that the task's loss leaves.
    func advance() throws -> Double {
        let training = configuration.training, began = ContinuousClock.now
        let batch = try loader.batch(step: step, last: training.steps - 1)
        let losses = try objective.losses(step: step, batch: batch)
        guard losses.total.value.scalar.isFinite else {
            throw TrainingError.lossNotFinite(step: step, folder: run.path)
        }
        losses.total.backward()
        objective.prepareUpdate()
        let rate = rates.rate(at: step)
        let norm = optimizer.update(rate: rate, maximumNorm: training.maximumGradientNorm)
        guard norm.isFinite else { throw TrainingError.lossNotFinite(step: step, folder: run.path) }
        average.update()
        objective.updated(averages: average.tensors)
        step += 1
        sums.add(losses, norm: norm, rate: rate, seconds: began.duration(to: .now) / .seconds(1))
        return (losses.terms["task"] ?? Double(losses.total.value.scalar)) / max(losses.prefill, 1e-9)
    }

    /// Writes what is due after the present step.
    /// - Returns: whether a checkpoint was among it.
    func record(_ schedule: Schedule) throws -> Bool {
        func isDue(_ interval: Int) -> Bool { isFinished || (interval > 0 && step % interval == 0) }
        if isDue(schedule.validationInterval) {
            try finishMetrics(validation: schedule.validation)
            if let write = schedule.writePicture { try writeSheet(schedule.validation, write) }
        } else if isDue(schedule.metricsInterval) {
            try finishMetrics(validation: [])
        }
        guard isDue(schedule.checkpointInterval) else { return false }
        try writeCheckpoint()
        return true
    }

    private func finishMetrics(validation: [ValidationSet]) throws {
        guard var metrics = sums.mean(step: step) else { return }
        if !validation.isEmpty {
            let network = try averagedNetwork()
            var scores: [String: ValidationSet.Score] = [:], prefill: [String: ValidationSet.Score] = [:]
            // Whether captions help is seen where they are true: on scenes, and where nothing else tells.
            let scenes = network.textEncoder == nil ? [] : captionedScenes
            for set in validation + scenes {
                scores[set.name] = set.score(set.fills(by: network, steps: 1, seed: 0))
                prefill[set.name] = set.score(set.prefills)
            }
            for set in scenes {
                let name = "\(set.name) captioned"
                scores[name] = set.score(set.captionedFills(by: network, steps: 1, seed: 0))
                prefill[name] = prefill[set.name]
            }
            (metrics.validation, metrics.prefill) = (scores, prefill)
        }
        try run.append(metrics)
        sums = MetricsSums()
    }

    private func writeSheet(_ validation: [ValidationSet], _ write: (SampleSheet, String) throws -> Void) throws {
        let network = try averagedNetwork()
        let sheet =
            validation.first.map { SampleSheet($0, by: network) }
            ?? SampleSheet(CropSampler(configuration.training).heldOut(count: 6, size: 128), by: network)
        let number = String(step)
        try write(sheet, "\(run.path)/samples-\(String(repeating: "0", count: max(0, 6 - number.count)))\(number).png")
    }

    /// Writes a checkpoint of the present step, and the curves so far.
    /// - Throws: `ModelError` with code `cannotWrite`; the last checkpoint is then whole.
    func writeCheckpoint() throws {
        let weights = Dictionary(uniqueKeysWithValues: objective.parameters.map { ($0.name, $0.variable.value) })
        try run.write(.init(step: step, weights: weights, average: average.tensors, moments: optimizer.moments))
        try AtomicFile.write(Data(LossCurve(try run.metrics()).svg().utf8), to: "\(run.path)/loss.svg")
    }

    /// The network with the averaged weights, sharing their storage; it records no gradients.
    public func averagedNetwork() throws -> InpaintingNetwork {
        try InpaintingNetwork(
            objective.network.shape, weights: objective.networkWeights(average.tensors), origin: run.path,
            requiresGradient: false)
    }

    /// Writes the averaged weights as a model folder in fp16, whose index says which plan computed them last.
    /// - Parameters:
    ///   - network: what to write instead of the averaged weights.
    ///   - directory: made where it is missing.
    ///   - index: what the folder says of itself.
    ///   - shardBytes: the most that one file of weights takes; nil for one file of any size.
    /// - Throws: `ModelError`.
    public func export(
        _ network: InpaintingNetwork? = nil, to directory: String, index: ModelIndex, shardBytes: Int? = nil
    ) throws {
        var index = index
        index.provenance["plan"] = try run.engines().last?.plan
        try (network ?? averagedNetwork()).write(to: directory, index: index, as: .float16, shardBytes: shardBytes)
    }
}

/// Sums over the steps since the last line of metrics.
private struct MetricsSums {
    private var count = 0
    private var loss = 0.0, prefill = 0.0, norm = 0.0, seconds = 0.0
    private var terms: [String: Double] = [:]
    private var rate: Float = 0

    mutating func add(_ losses: StepLosses, norm: Double, rate: Float, seconds: Double) {
        count += 1
        loss += Double(losses.total.value.scalar)
        prefill += losses.prefill
        self.norm += norm
        self.seconds += seconds
        terms.merge(losses.terms) { $0 + $1 }
        self.rate = rate
    }

    /// nil where there was no step.
    func mean(step: Int) -> TrainingMetrics? {
        guard count > 0 else { return nil }
        let n = Double(count)
        return TrainingMetrics(
            step: step, loss: loss / n, terms: terms.mapValues { $0 / n }, prefillLoss: prefill / n,
            gradientNorm: norm / n, learningRate: rate, secondsPerStep: seconds / n)
    }
}

/// Why a training run stopped by itself.
public enum TrainingError: Error, CustomStringConvertible {
    /// The loss or gradient became infinite or undefined; the last checkpoint is from before that.
    case lossNotFinite(step: Int, folder: String)

    public var description: String {
        switch self {
        case .lossNotFinite(let step, let folder):
            "the loss of step \(step) is not a number; the last good checkpoint is in \(folder); "
                + "try a lower learning rate"
        }
    }
}
