import Layers
import TensorCore

/// One sampling run, a step at a time, so that it can be watched and stopped between steps.
public final class DenoisingRun {
    public let totalSteps: Int
    public private(set) var completedSteps = 0

    private let pipeline: InpaintingPipeline
    private let condition: SpaceToDepthCodec.Condition
    private let prompt: PromptCondition?
    private let timesteps: [Int]
    /// x_t, folded; noise at first, the residual itself at the end. Zero outside of the hole.
    private var sample: Tensor

    init(
        pipeline: InpaintingPipeline, prefill: Tensor, mask: Tensor, steps: Int, seed: UInt64, prompt: PromptCondition?
    ) {
        self.pipeline = pipeline
        self.prompt = prompt
        condition = pipeline.codec.condition(prefill: prefill, mask: mask)
        timesteps = pipeline.scheduler.timesteps(steps: steps)
        totalSteps = steps
        var random = SeededRandom(seed: seed)
        sample = random.normalTensor(condition.hole.shape) * condition.hole
    }

    /// One denoising step. Does nothing once all are done.
    public func step() {
        guard completedSteps < totalSteps else { return }
        let timestep = timesteps[completedSteps]
        let output = predict(timestep) * condition.hole
        let next = completedSteps + 1 < totalSteps ? timesteps[completedSteps + 1] : -1
        sample = pipeline.scheduler.step(sample: sample, output: output, from: timestep, to: next)
        completedSteps += 1
    }

    private func predict(_ timestep: Int) -> Tensor {
        let conditional = pipeline.predict(sample, condition, timestep: timestep, text: prompt?.text)
        guard let (empty, guidance) = prompt?.unconditional else { return conditional }
        let unconditional = pipeline.predict(sample, condition, timestep: timestep, text: empty)
        return PromptCondition.guided(conditional, over: unconditional, by: guidance)
    }

    /// Planar RGB [3, H, W]: the pre-fill with the residual added in the hole, clamped to 0...1.
    public func image() -> [Float] {
        tensor().values.map { min(max($0, 0), 1) }
    }

    /// The same for a batch, not clamped: [N, 3, H, W].
    public func tensor() -> Tensor { pipeline.codec.image(residual: sample, condition) }
}
