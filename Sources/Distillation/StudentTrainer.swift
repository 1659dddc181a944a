import Autograd
import Diffusion
import Foundation
import Layers
import TensorCore

/// Trains the student on procedural scenes by the task loss alone: the method's arm (a), "scratch".
public final class StudentTrainer {
    public let configuration: TrainingConfiguration
    public let model: ModelFolder
    public private(set) var step = 0

    private let run: RunFolder
    private let unet: UNet2DConditionModel
    private let optimizer: AdamW
    private let average: ExponentialMovingAverage
    private let loss: TaskLoss
    private let loader: BatchLoader
    private let schedule: LearningRateSchedule

    /// Starts a run in `folder`, or goes on with the one that is there.
    /// - Parameter start: weights to begin with instead of random ones, for example of an earlier run.
    /// - Throws: `ModelError`.
    public init(
        _ configuration: TrainingConfiguration, folder: String, name: String, start: String? = nil
    ) throws {
        self.configuration = configuration
        run = try RunFolder(folder, configuration: configuration)
        let sampler = CropSampler(configuration)
        let c = configuration
        loader = BatchLoader(ahead: 4) { step in
            let large = c.largeCropInterval > 0 && step % c.largeCropInterval == c.largeCropInterval - 1
            return sampler.batch(
                step: step, count: large ? max(1, c.batch / 4) : c.batch, size: large ? 256 : 128)
        }

        let parameters: ParameterSet
        var codec = CodecConfiguration()
        if let start {
            codec = try ModelFolder(reading: start).codec
            parameters = try ModelFolder.unetParameters(in: start, requiresGradient: true)
        } else {
            codec.residualScale = Self.residualScale(sampler)
            parameters = ParameterSet(seed: configuration.seed)
        }
        let shape = UNetConfiguration.student(codec: codec)
        unet = try UNet2DConditionModel(shape, parameters: parameters)
        if start == nil { Self.silenceNoise(unet, channels: codec.residualChannels) }
        model = ModelFolder(
            index: ModelIndex(name: name, generation: "untrained", defaultSteps: 1), codec: codec,
            scheduler: DDIMConfiguration(), unet: shape)
        optimizer = AdamW(unet.parameters)
        average = ExponentialMovingAverage(unet.parameters, decay: configuration.emaDecay)
        loss = TaskLoss(
            codec: SpaceToDepthCodec(codec), scheduler: try DDIMScheduler(model.scheduler),
            terminalShare: configuration.terminalShare, relativeExponent: configuration.relativeExponent)
        schedule = LearningRateSchedule(
            peak: configuration.learningRate, warmUpSteps: configuration.warmUpSteps,
            totalSteps: configuration.steps)
        try resume()
    }

    /// Starts the input weights of the noisy residual at zero. At the last timestep it says nothing, and a network
    /// that has to unlearn it first stays at the pre-fill for thousands of steps.
    private static func silenceNoise(_ unet: UNet2DConditionModel, channels: Int) {
        guard let weights = unet.parameters.tensors["conv_in.weight"] else { return }
        let filter = weights.shape[1] * weights.shape[2] * weights.shape[3],
            window = weights.shape[2] * weights.shape[3]
        for output in 0..<weights.shape[0] {
            (weights.pointer + output * filter).update(repeating: 0, count: channels * window)
        }
    }

    private func resume() throws {
        guard let checkpoint = try run.checkpoint() else { return }
        for (name, variable) in unet.parameters.all {
            guard let tensor = checkpoint.weights[name], tensor.shape == variable.shape else {
                throw ModelError(.wrongShape, at: run.path, "checkpoint lacks a fitting \"\(name)\"")
            }
            variable.value.copyInPlace(from: tensor)
        }
        try average.restore(checkpoint.average, updates: checkpoint.step, origin: run.path)
        try optimizer.restore(checkpoint.moments, step: checkpoint.step, origin: run.path)
        step = checkpoint.step
    }

    /// σ_data: the root mean square of the residual over the hole elements of a few batches, in units of contrast.
    private static func residualScale(_ sampler: CropSampler) -> Float {
        let codec = SpaceToDepthCodec(CodecConfiguration())
        var squares = 0.0, area = 0.0
        for step in 0..<8 {
            // Steps far beyond any run, so that training sees other crops.
            let batch = sampler.batch(step: Int(UInt32.max) + step, count: 16, size: 128)
            let (image, prefill, mask, _) = batch.tensors()
            let condition = codec.condition(prefill: prefill, mask: mask)
            squares += codec.residual(image: image, condition).sumOfSquares
            area += condition.hole.sum
        }
        return Float((squares / max(area, 1)).squareRoot())
    }

    /// The averaged weights as a pipeline, sharing storage.
    public func averagedPipeline() throws -> InpaintingPipeline {
        try InpaintingPipeline(folder: model, weights: average.tensors)
    }

    /// The number of the network's parameters.
    public var parameterCount: Int { unet.parameters.count }

    /// Runs until the configured number of steps, or until `shouldStop`.
    /// - Parameters:
    ///   - report: called after every step with its number and the share of the pre-fill's error that is left.
    ///   - shouldStop: asked before every step; a checkpoint is written either way.
    /// - Throws: `ModelError` when a checkpoint cannot be written; `TrainingError` on a loss that is not a number.
    public func train(
        validation: [ValidationSet], validationInterval: Int, checkpointInterval: Int,
        report: (Int, Double) -> Void, shouldStop: () -> Bool
    ) throws {
        let prefillScores = Dictionary(uniqueKeysWithValues: validation.map { ($0.name, $0.score($0.prefills)) })
        var sum = 0.0, prefillSum = 0.0, normSum = 0.0, count = 0, began = ContinuousClock.now
        while step < configuration.steps, !shouldStop() {
            let (value, prefill, norm) = try trainOneStep()
            sum += value
            prefillSum += prefill
            normSum += norm
            count += 1
            report(step, value / max(prefill, 1e-9))
            let last = step == configuration.steps
            if step % 100 == 0 || last {
                let seconds = began.duration(to: .now) / .seconds(1) / Double(count)
                var metrics = TrainingMetrics(
                    step: step, loss: sum / Double(count), prefillLoss: prefillSum / Double(count),
                    gradientNorm: normSum / Double(count),
                    learningRate: schedule.rate(at: step), secondsPerStep: seconds)
                if step % validationInterval == 0 || last, !validation.isEmpty {
                    metrics.validation = try validate(validation)
                    metrics.prefill = prefillScores
                }
                try run.append(metrics)
                (sum, prefillSum, normSum, count, began) = (0, 0, 0, 0, .now)
            }
            if step % checkpointInterval == 0 || last { try writeCheckpoint() }
        }
        if step % checkpointInterval != 0 && step < configuration.steps { try writeCheckpoint() }
    }

    private func trainOneStep() throws -> (loss: Double, prefill: Double, norm: Double) {
        let batch = loader.batch(step: step, last: configuration.steps)
        var random = SeededRandom(seed: configuration.seed ^ 0x5EED_0F_4015E, stream: UInt64(step))
        let (value, prefill) = loss(unet, batch, &random)
        guard value.value.scalar.isFinite else { throw TrainingError.lossNotFinite(step: step, folder: run.path) }
        value.backward()
        let norm = optimizer.update(rate: schedule.rate(at: step), maximumNorm: configuration.maximumGradientNorm)
        guard norm.isFinite else { throw TrainingError.lossNotFinite(step: step, folder: run.path) }
        average.update()
        step += 1
        return (Double(value.value.scalar), prefill, norm)
    }

    private func validate(_ sets: [ValidationSet]) throws -> [String: ValidationSet.Score] {
        let pipeline = try averagedPipeline()
        return Dictionary(
            uniqueKeysWithValues: sets.map { ($0.name, $0.score($0.fills(by: pipeline, steps: 1, seed: 0))) })
    }

    private func writeCheckpoint() throws {
        try run.write(
            .init(
                step: step, weights: unet.parameters.tensors, average: average.tensors, moments: optimizer.moments))
    }

    /// Writes the averaged weights as a model folder in fp16.
    /// - Throws: `ModelError`.
    public func export(to directory: String, index: ModelIndex) throws {
        let folder = ModelFolder(index: index, codec: model.codec, scheduler: model.scheduler, unet: model.unet)
        try folder.write(to: directory, weights: average.tensors, as: .float16)
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
