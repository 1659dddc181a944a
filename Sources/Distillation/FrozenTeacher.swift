import Autograd
import Diffusion
import Layers
import TensorCore

/// A teacher that does not learn. What it says to a step's batch is computed once, however many students ask.
public final class FrozenTeacher {
    public let network: InpaintingNetwork
    /// Whether stages are handed out beside the prediction.
    public let givesFeatures: Bool
    /// Of how many steps the student's sampling is to be, for `Answer.stepTarget`; nil to leave it out.
    public let studentSteps: Int?

    /// In units of the student's residual.
    struct Answer {
        /// x̂₀ at the student's x_t.
        let output: Tensor
        let features: [StageFeature]
        /// The x̃₀ by which one step of the student goes where two of the teacher go.
        let stepTarget: Tensor?
    }

    private struct Key: Equatable {
        var step: Int
        var scale: Float
    }
    private var last: (key: Key, answer: Answer)?

    public init(_ network: InpaintingNetwork, givesFeatures: Bool, studentSteps: Int? = nil) {
        self.network = network
        self.givesFeatures = givesFeatures
        self.studentSteps = studentSteps
    }

    /// The teacher that `configuration` names, made to give what its weights ask for; without a name one of random
    /// weights, whose last layer is random too: at zero it would say nothing but the pre-fill.
    /// - Throws: `ModelError` when its folder cannot be read.
    public convenience init(_ configuration: DistillationConfiguration, student: NetworkShape, seed: UInt64) throws {
        let network: InpaintingNetwork
        if let directory = configuration.teacher {
            network = try InpaintingNetwork(directory: directory, requiresGradient: false)
        } else {
            network = try InpaintingNetwork(
                NetworkShape.teacher(codec: student.codec), seed: seed &+ 0x7EAC, requiresGradient: false)
            var random = SeededRandom(seed: seed, stream: 2)
            for (name, variable) in network.parameters where name == "unet.conv_out.weight" {
                let weight = variable.value, bound = (1 / Float(weight.count / weight.shape[0])).squareRoot()
                for i in 0..<weight.count { weight.pointer[i] = (2 * random.uniform() - 1) * bound }
            }
        }
        self.init(
            network, givesFeatures: configuration.featureWeight > 0,
            studentSteps: configuration.stepWeight > 0 ? configuration.studentSteps : nil)
    }

    /// - Throws: `ModelError` when a student cannot be compared with this teacher.
    func require(comparable student: NetworkShape) throws {
        let own = network.shape
        guard student.codec.patchSize == own.codec.patchSize, student.codec.contrastFloor == own.codec.contrastFloor,
            student.scheduler == own.scheduler
        else {
            throw ModelError(
                .unsupportedModel, at: "teacher", "it has another codec or noise schedule than the student")
        }
    }

    /// What the teacher says to the batch of `step`; students that share a teacher see the same batches.
    /// - Parameter scale: the student's σ_data; the teacher has its own.
    func answer(step: Int, _ batch: NoisyBatch, scale: Float) -> Answer {
        let key = Key(step: step, scale: scale)
        if let last, last.key == key { return last.answer }
        let ratio = scale / network.shape.codec.residualScale
        let noisy = batch.noisy(scaled: ratio, network.scheduler)
        let first = network.predict(
            noisy: noisy, condition: batch.condition, timesteps: batch.timesteps, captions: batch.captions,
            withFeatures: givesFeatures)
        let output = first.output.value
        let target = studentSteps.map {
            twoSteps(from: noisy, output, batch, studentSteps: $0) * (1 / ratio)
        }
        let answer = Answer(output: output * (1 / ratio), features: first.features, stepTarget: target)
        last = (key, answer)
        return answer
    }

    /// Progressive distillation (Salimans and Ho 2022, algorithm 2): two DDIM steps from t over the middle to the
    /// student's next timestep, then the x̃₀ with which a single step arrives at the same place:
    /// `x̃₀ = (x_e - (σ_e / σ_t) x_t) / (α_e - α_t σ_e / σ_t)`.
    private func twoSteps(
        from noisy: Tensor, _ first: Tensor, _ batch: NoisyBatch, studentSteps: Int
    ) -> Tensor {
        let stride = network.scheduler.configuration.numTrainTimesteps / studentSteps
        let ends = batch.timesteps.map { max($0 - stride, -1) }
        let middles = zip(batch.timesteps, ends).map { max(($0 + $1) / 2, 0) }
        let hole = batch.condition.hole
        let middle = moved(noisy, first * hole, from: batch.timesteps, to: middles)
        let second = network.predict(
            noisy: middle, condition: batch.condition, timesteps: middles, captions: batch.captions
        ).output.value
        let end = moved(middle, second * hole, from: middles, to: ends)
        let result = Tensor(uninitialized: noisy.shape), slice = noisy.count / ends.count
        for (i, (t, e)) in zip(batch.timesteps, ends).enumerated() {
            let (a, s) = network.scheduler.shares(at: t), (aEnd, sEnd) = network.scheduler.shares(at: e)
            let keep = sEnd / max(s, 1e-6), divisor = aEnd - a * keep
            for j in (i * slice)..<((i + 1) * slice) {
                result.pointer[j] =
                    divisor > 1e-4 ? (end.pointer[j] - keep * noisy.pointer[j]) / divisor : second.pointer[j]
            }
        }
        return result
    }

    /// One DDIM step of each sample between its own timesteps.
    private func moved(_ x: Tensor, _ clean: Tensor, from: [Int], to: [Int]) -> Tensor {
        let result = Tensor(uninitialized: x.shape), slice = x.count / from.count
        for (i, (t, e)) in zip(from, to).enumerated() {
            let (a, s) = network.scheduler.shares(at: t), (aEnd, sEnd) = network.scheduler.shares(at: e)
            let keep = sEnd / max(s, 1e-6)
            for j in (i * slice)..<((i + 1) * slice) {
                result.pointer[j] = aEnd * clean.pointer[j] + keep * (x.pointer[j] - a * clean.pointer[j])
            }
        }
        return result
    }
}
