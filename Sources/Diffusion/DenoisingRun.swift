import Layers
import TensorCore

/// One sampling run, a step at a time, so that it can be watched and stopped between steps.
///
/// Deep holes have one step at each coarser resolution first, see `CoarseToFine`.
public final class DenoisingRun {
    public let totalSteps: Int
    public private(set) var completedSteps = 0

    /// Pixels.
    private static let largeCrop = 512 * 512

    private let pipeline: InpaintingPipeline
    private let prompt: PromptCondition?
    private let steps: Int
    private let seed: UInt64
    /// Finest first; the pass is at the last one.
    private var levels: [CoarseToFine.Level]
    private var pass: DenoisingPass

    init(
        pipeline: InpaintingPipeline, prefill: Tensor, mask: Tensor, steps: Int, seed: UInt64, prompt: PromptCondition?,
        coarseLevels: Int
    ) {
        self.pipeline = pipeline
        self.prompt = prompt
        self.steps = steps
        self.seed = seed
        levels = CoarseToFine.levels(
            prefill: prefill, mask: mask, multiple: pipeline.sizeMultiple, most: coarseLevels)
        totalSteps = levels.count - 1 + steps
        let first = levels[levels.count - 1]
        pass = DenoisingPass(
            pipeline, prefill: first.prefill, mask: first.mask, steps: levels.count == 1 ? steps : 1, seed: seed,
            prompt: prompt)
    }

    /// One denoising step. Does nothing once all are done.
    public func step() {
        guard completedSteps < totalSteps else { return }
        if pass.isDone {
            let coarser = levels.removeLast(), next = levels[levels.count - 1]
            let prefill = next.prefill(after: pass.tensor(), at: coarser)
            // In a large crop what the coarser pass took would come on top of what the next one needs.
            if next.mask.count > Self.largeCrop { InpaintingPipeline.releaseScratch() }
            pass = DenoisingPass(
                pipeline, prefill: prefill, mask: next.mask, steps: levels.count == 1 ? steps : 1, seed: seed,
                prompt: prompt)
        }
        pass.step()
        completedSteps += 1
    }

    /// Planar RGB [3, H, W]: the pre-fill with the residual added in the hole, clamped to 0...1. Once all steps are done.
    public func image() -> [Float] {
        tensor().values.map { min(max($0, 0), 1) }
    }

    /// The same for a batch, not clamped: [N, 3, H, W].
    public func tensor() -> Tensor {
        precondition(completedSteps == totalSteps, "Diffusion: \(completedSteps) of \(totalSteps) steps are done")
        return pass.tensor()
    }
}

/// The denoising at one resolution.
private struct DenoisingPass {
    private let pipeline: InpaintingPipeline
    private let condition: SpaceToDepthCodec.Condition
    private let prompt: PromptCondition?
    /// The text prior's answers, which no step changes: to the prompt, and to the text that guidance goes away from.
    private let shifts: (conditional: Tensor?, unconditional: Tensor?)
    private let timesteps: [Int]
    private var completedSteps = 0
    /// x_t, folded; noise at first, the residual itself at the end. Zero outside of the hole.
    private var sample: Tensor

    var isDone: Bool { completedSteps == timesteps.count }

    init(
        _ pipeline: InpaintingPipeline, prefill: Tensor, mask: Tensor, steps: Int, seed: UInt64,
        prompt: PromptCondition?
    ) {
        self.pipeline = pipeline
        self.prompt = prompt
        condition = pipeline.codec.condition(prefill: prefill, mask: mask)
        shifts = (
            pipeline.priorShift(condition, text: prompt?.text),
            pipeline.priorShift(condition, text: prompt?.unconditional?.text)
        )
        timesteps = pipeline.scheduler.timesteps(steps: steps)
        var random = SeededRandom(seed: seed)
        sample = random.normalTensor(condition.hole.shape) * condition.hole
    }

    mutating func step() {
        let timestep = timesteps[completedSteps]
        let output = predict(timestep) * condition.hole
        let next = completedSteps + 1 < timesteps.count ? timesteps[completedSteps + 1] : -1
        sample = pipeline.scheduler.step(sample: sample, output: output, from: timestep, to: next)
        completedSteps += 1
    }

    private func predict(_ timestep: Int) -> Tensor {
        let conditional = predict(timestep, text: prompt?.text, shift: shifts.conditional)
        guard let (empty, guidance) = prompt?.unconditional else { return conditional }
        let unconditional = predict(timestep, text: empty, shift: shifts.unconditional)
        return PromptCondition.guided(conditional, over: unconditional, by: guidance)
    }

    private func predict(_ timestep: Int, text: TextEmbedding?, shift: Tensor?) -> Tensor {
        let output = pipeline.predict(sample, condition, timestep: timestep, text: text)
        return shift.map { output + $0 } ?? output
    }

    func tensor() -> Tensor { pipeline.codec.image(residual: sample, condition) }
}
