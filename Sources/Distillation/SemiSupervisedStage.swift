import Autograd
import Diffusion
import Layers
import TensorCore

/// Stage 2: fine-tuning on photos without labels beside a replay of labelled scenes. The laboratory's `finetune` and
/// the daemon's tuner both run it, in a `Trainer`.
///
/// A random hole in a photo has its own ground truth, so L_task is taken on every crop. Pseudo-targets hold the student
/// to what is known to be good: the teacher's prediction where there is a teacher, else a mean of the frozen base's and
/// of the averaged student's (Tarvainen and Valpola 2017).
///
/// `L = w_task L_task + w_pseudo L_pseudo`; both are weighed as `TaskObjective` says. Replayed crops may have a term of
/// their own instead, `w_replay L_replay`: the error against the base's prediction, relative to the base's own error. The shares and weights are ours.
///
/// ```swift
/// let trainer = try Trainer(configuration, folder: "runs/own") { _ in
///     try SemiSupervisedStage(base: base, training, stage, labelled: nil, unlabelled: photos, teacher: nil)
/// }
/// try trainer.train(shouldStop: { mustStop })
/// ```
public final class SemiSupervisedStage: TrainingObjective {
    public let network: InpaintingNetwork
    public let makeBatch: @Sendable (Int) throws -> TrainingBatch
    private let training: TrainingConfiguration
    private let stage: SemiSupervisedConfiguration
    private let base: InpaintingNetwork
    private let teacher: FrozenTeacher?
    private let adapters: LowRankAdapters?
    private let pools: (labelled: PhotoPool?, unlabelled: PhotoPool)
    /// The averaged student, following the run's averages.
    private var averaged: InpaintingNetwork?

    /// - Parameters:
    ///   - base: what is mimicked; it does not change.
    ///   - start: what to start from, of the same shape; nil for the base.
    ///   - training: crops, noise and weights of the loss, as in stage 1.
    ///   - stage: what is stage 2's own.
    ///   - labelled: what to replay; nil for procedural scenes.
    ///   - unlabelled: the photos.
    ///   - teacher: nil for pseudo-targets by the base and the averaged student.
    /// - Throws: `StageError` when there are no photos, `ModelError` when the teacher cannot be compared with the base.
    public init(
        base: InpaintingNetwork, start: InpaintingNetwork? = nil, _ training: TrainingConfiguration,
        _ stage: SemiSupervisedConfiguration, labelled: (any PhotoSource)?, unlabelled: any PhotoSource,
        teacher: InpaintingNetwork?
    ) throws {
        guard unlabelled.count > 0, labelled?.count != 0 else { throw StageError.noUsablePhotos(skipped: 0) }
        self.base = base
        self.training = training
        self.stage = stage
        let copies = Dictionary(
            uniqueKeysWithValues: (start ?? base).parameters.map { ($0.name, $0.variable.value.copy()) })
        var network = try InpaintingNetwork(base.shape, weights: copies, origin: "base", requiresGradient: true)
        if network.textPrior != nil { network = try network.keepingText() }
        self.network = network
        self.teacher = teacher.map { FrozenTeacher($0, givesFeatures: false) }
        try self.teacher?.require(comparable: base.shape)
        adapters = stage.adapterRank.map { LowRankAdapters(network, rank: $0, seed: training.seed) }
        let pools = (labelled: labelled.map(PhotoPool.init), unlabelled: PhotoPool(unlabelled))
        self.pools = pools
        let scenes = CropSampler(training)
        makeBatch = { step in
            try SemiSupervisedStage.batch(
                step: step, training, share: stage.unlabelledShare, scenes, pools.labelled, pools.unlabelled)
        }
    }

    /// Photos that were left out so far, by their index in the source, with the reason.
    public var skipped: (labelled: [Int: String], unlabelled: [Int: String]) {
        (pools.labelled?.skipped ?? [:], pools.unlabelled.skipped)
    }

    public var parameters: [(name: String, variable: Variable)] { adapters?.parameters ?? network.parameters }

    /// Chooses the photos of a step and their crops.
    private static func numbers(step: Int, _ training: TrainingConfiguration) -> SeededRandom {
        SeededRandom(seed: training.seed ^ 0x0057_A6E2, stream: UInt64(step))
    }

    private static func batch(
        step: Int, _ training: TrainingConfiguration, share: Float, _ scenes: CropSampler, _ labelled: PhotoPool?,
        _ unlabelled: PhotoPool
    ) throws -> TrainingBatch {
        let (count, size) = training.batch(at: step)
        var random = numbers(step: step, training)
        let photos = photoCount(of: count, share: share, &random)
        var builder = BatchBuilder(size: size, holes: HoleOptions(training))
        func add(_ pool: PhotoPool, _ number: Int) throws {
            for _ in 0..<number {
                let photo = try pool.photo(from: Int(random.next() % UInt64(pool.count)), size: size)
                builder.append(photo.crop(size: size, as: .photo, &random), &random)
            }
        }
        try add(unlabelled, photos)
        if let labelled {
            try add(labelled, count - photos)
            return builder.finished
        }
        guard photos < count else { return builder.finished }
        let replay = scenes.batch(step: step, count: count - photos, size: size)
        return photos == 0 ? replay : .joined([builder.finished, replay])
    }

    /// How many crops of a step come from photos; they are the first ones. A fixed number in every step, and chance for
    /// the rest, so that small batches have their share too. Takes the first of the step's numbers.
    private static func photoCount(of count: Int, share: Float, _ random: inout SeededRandom) -> Int {
        let wanted = share * Float(count), whole = Int(wanted)
        return min(count, whole + (random.uniform() < wanted - Float(whole) ? 1 : 0))
    }

    public func begin(averages: [String: Tensor]) throws {
        guard teacher == nil, stage.pseudoWeight > 0, stage.averageShare > 0 else { return }
        averaged = try InpaintingNetwork(
            network.shape, weights: networkWeights(averages), origin: "averages", requiresGradient: false)
    }

    public func losses(step: Int, batch: TrainingBatch) throws -> StepLosses {
        let noisy = network.noisy(batch, step: step, training)
        let captions = network.tuned(noisy.captions)
        let output = network.predict(
            noisy: noisy.noisy, condition: noisy.condition, timesteps: noisy.timesteps, captions: captions
        ).output
        var sum = LossSum(), weight = noisy.weight
        if let replayMimicry = stage.replayMimicry {
            let photos = photoCount(step: step, batch), parts = noisy.weight.split(at: photos)
            weight = parts.head
            if photos < batch.count {
                let answer = baseAnswer(noisy, captions: captions, from: photos)
                let weight = parts.tail.dividedByErrors(
                    of: answer, from: noisy.clean, first: photos, least: Self.leastBaseError)
                sum.add(
                    "replay", output.weightedSquaredError(to: answer, weight: weight, divisor: 1), weight: replayMimicry
                )
            }
        }
        sum.add(
            "task", output.weightedSquaredError(to: noisy.clean, weight: weight, divisor: 1), weight: stage.taskWeight)
        if stage.pseudoWeight > 0 {
            let target = pseudoTarget(step: step, noisy)
            sum.add(
                "pseudo", output.weightedSquaredError(to: target, weight: weight, divisor: 1),
                weight: stage.pseudoWeight)
        }
        return sum.losses(prefill: noisy.prefillLoss)
    }

    /// Relative to the pre-fill's error: where the base's is smaller, its last bit is not worth holding.
    private static let leastBaseError: Float = 0.02

    /// How many crops of a step's batch are of photos.
    private func photoCount(step: Int, _ batch: TrainingBatch) -> Int {
        var random = Self.numbers(step: step, training)
        return Self.photoCount(of: batch.count, share: stage.unlabelledShare, &random)
    }

    /// What the base says to the crops from `first` on; zero for those before.
    private func baseAnswer(_ noisy: NoisyBatch, captions: [String]?, from first: Int) -> Tensor {
        let answer = base.predict(
            noisy: noisy.noisy.suffix(from: first), condition: noisy.condition.suffix(from: first),
            timesteps: Array(noisy.timesteps[first...]),
            captions: captions.map { Array($0[first...]) }
        ).output.value
        let result = Tensor(repeating: 0, shape: noisy.clean.shape)
        (result.pointer + result.count - answer.count).update(from: answer.pointer, count: answer.count)
        return result
    }

    private func pseudoTarget(step: Int, _ noisy: NoisyBatch) -> Tensor {
        if let teacher { return teacher.answer(step: step, noisy, scale: network.shape.codec.residualScale).output }
        func output(_ network: InpaintingNetwork) -> Tensor {
            network.predict(
                noisy: noisy.noisy, condition: noisy.condition, timesteps: noisy.timesteps,
                captions: network.tuned(noisy.captions)
            ).output.value
        }
        let fromBase = output(base)
        guard let averaged else { return fromBase }
        let result = fromBase * (1 - stage.averageShare)
        result.accumulateInPlace(output(averaged), factor: stage.averageShare)
        return result
    }

    public func prepareUpdate() { adapters?.collectGradients() }

    public func updated(averages: [String: Tensor]) {
        guard let adapters else { return }
        adapters.apply()
        guard let averaged else { return }
        // Averages of adapters are not weights: what follows from them is written into the averaged student.
        let weights = adapters.weights(of: averages)
        for (name, variable) in averaged.parameters { weights[name].map { variable.value.copyInPlace(from: $0) } }
    }

    public func restored() { adapters?.apply() }

    public func networkWeights(_ averages: [String: Tensor]) -> [String: Tensor] {
        adapters?.weights(of: averages) ?? averages
    }
}
