import Autograd
import Diffusion
import Layers
import TensorCore

/// Stage 1: `L = L_task + a L_output + b L_feature`, and step distillation as a term of its own.
///
/// - `task`: the prediction against the ground truth, see `TaskObjective`.
/// - `output`: against the teacher's prediction at the same x_t, timestep, mask and condition, weighed as the task's
///   error is.
/// - `feature`: see `AsymmetricAlignment`.
/// - `step`: against the x̃₀ with which one step goes where two of the teacher's go, see `FrozenTeacher`.
public final class DistillationObjective: TrainingObjective {
    public let network: InpaintingNetwork
    public let makeBatch: @Sendable (Int) throws -> TrainingBatch
    private let training: TrainingConfiguration
    private let weights: DistillationConfiguration
    private let teacher: FrozenTeacher
    private let alignment: AsymmetricAlignment?

    /// - Throws: `ModelError` when the student cannot be compared with the teacher.
    public convenience init(
        _ network: InpaintingNetwork, teacher: FrozenTeacher, _ training: TrainingConfiguration,
        _ weights: DistillationConfiguration
    ) throws {
        let sampler = CropSampler(training)
        try self.init(network, teacher: teacher, training, weights) { sampler.batch(step: $0, training) }
    }

    package init(
        _ network: InpaintingNetwork, teacher: FrozenTeacher, _ training: TrainingConfiguration,
        _ weights: DistillationConfiguration, makeBatch: @escaping @Sendable (Int) throws -> TrainingBatch
    ) throws {
        try teacher.require(comparable: network.shape)
        precondition(
            (weights.featureWeight == 0 || teacher.givesFeatures)
                && (weights.stepWeight == 0 || teacher.studentSteps == weights.studentSteps),
            "Distillation: the teacher was not made to give what the weights ask for")
        self.network = network
        self.teacher = teacher
        self.training = training
        self.weights = weights
        self.makeBatch = makeBatch
        alignment =
            weights.featureWeight > 0
            ? try AsymmetricAlignment(
                student: network.shape.stages, teacher: teacher.network.shape.stages, pairing: weights.pairing,
                seed: training.seed &+ 0xA119) : nil
    }

    public var parameters: [(name: String, variable: Variable)] {
        network.parameters + (alignment?.parameters.all(in: "alignment") ?? [])
    }

    public func losses(step: Int, batch: TrainingBatch) throws -> StepLosses {
        let noisy = network.noisy(batch, step: step, training)
        let prediction = network.predict(
            noisy: noisy.noisy, condition: noisy.condition, timesteps: noisy.timesteps,
            captions: network.captions(of: noisy, training),
            withFeatures: alignment != nil)
        var sum = LossSum()
        func error(to target: Tensor) -> Variable {
            prediction.output.weightedSquaredError(to: target, weight: noisy.weight, divisor: 1)
        }
        sum.add("task", error(to: noisy.clean), weight: weights.taskWeight)
        if weights.outputWeight > 0 || weights.stepWeight > 0 || alignment != nil {
            let answer = teacher.answer(step: step, noisy, scale: network.shape.codec.residualScale)
            if weights.outputWeight > 0 { sum.add("output", error(to: answer.output), weight: weights.outputWeight) }
            if let target = answer.stepTarget, weights.stepWeight > 0 {
                sum.add("step", error(to: target), weight: weights.stepWeight)
            }
            if let alignment {
                sum.add(
                    "feature", alignment.loss(student: prediction.features, teacher: answer.features),
                    weight: weights.featureWeight)
            }
            let own = Tensor.weightedSquaredError(answer.output, noisy.clean, weight: noisy.weight)
            sum.note("teacher", own)
        }
        return sum.losses(prefill: noisy.prefillLoss)
    }
}

/// Terms of a loss, added up by weight and kept apart for the log.
struct LossSum {
    private var total: Variable?
    private var terms: [String: Double] = [:]

    /// A weight of 0 leaves the term in the log alone.
    mutating func add(_ name: String, _ term: Variable, weight: Float) {
        note(name, Double(term.value.scalar))
        guard weight > 0 else { return }
        let weighted = weight == 1 ? term : term * weight
        total = total.map { $0 + weighted } ?? weighted
    }

    /// Something to log beside the terms.
    mutating func note(_ name: String, _ value: Double) { terms[name] = value }

    func losses(prefill: Double) -> StepLosses {
        StepLosses(total: total ?? Variable(Tensor([0], shape: [])), terms: terms, prefill: prefill)
    }
}
