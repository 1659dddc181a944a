import Diffusion
import Layers
import TensorCore

/// Fills the holes of crops: a model in whatever form.
public protocol CropFilling {
    /// - Parameters:
    ///   - prefill: [N, 3, H, W] in 0...1, holes filled by interpolation.
    ///   - mask: [N, 1, H, W], 1 in the hole.
    ///   - steps: denoising steps.
    ///   - seed: of the noise that sampling starts from.
    /// - Returns: [N, 3, H, W], not clamped.
    func fill(prefill: Tensor, mask: Tensor, steps: Int, seed: UInt64) -> Tensor
}

extension InpaintingPipeline: CropFilling {
    public func fill(prefill: Tensor, mask: Tensor, steps: Int, seed: UInt64) -> Tensor {
        let run = start(prefill: prefill, mask: mask, steps: steps, seed: seed)
        while run.completedSteps < run.totalSteps { run.step() }
        return run.tensor()
    }
}

extension InpaintingNetwork: CropFilling {
    public func fill(prefill: Tensor, mask: Tensor, steps: Int, seed: UInt64) -> Tensor {
        fill(prefill: prefill, mask: mask, steps: steps, seed: seed, captions: nil)
    }

    /// Fills as the protocol says, with a caption for each crop; deep holes from coarse to fine, as `DenoisingRun` does.
    /// - Parameters:
    ///   - prefill: [N, 3, H, W] in 0...1, the holes already filled by interpolation.
    ///   - mask: [N, 1, H, W], 1 in the holes.
    ///   - steps: denoising steps.
    ///   - seed: of the noise.
    ///   - captions: [N], empty for what fits; nil for N empty ones.
    ///   - guidance: how strictly to follow the captions, see `InpaintingPipeline.condition(prompt:guidance:)`.
    public func fill(
        prefill: Tensor, mask: Tensor, steps: Int, seed: UInt64, captions: [String]?, guidance: Float = 1
    ) -> Tensor {
        func pass(_ prefill: Tensor, _ mask: Tensor, steps: Int) -> Tensor {
            self.pass(
                prefill: prefill, mask: mask, steps: steps, seed: seed, captions: captions, guidance: guidance)
        }
        let prefill = coarsePrefill(prefill, mask: mask, levels: CoarseToFine.most) { pass($0, $1, steps: 1) }
        return pass(prefill, mask, steps: steps)
    }

    /// What the network starts from at full resolution when it fills from coarse to fine, see `CoarseToFine`.
    ///
    /// - Parameters:
    ///   - prefill: [N, 3, H, W] in 0...1, holes filled by interpolation.
    ///   - mask: [N, 1, H, W], 1 in the hole.
    ///   - levels: how often to halve the resolution, at most.
    ///   - pass: fills at one of the coarser resolutions, given pre-fill and mask.
    func coarsePrefill(
        _ prefill: Tensor, mask: Tensor, levels: Int, pass: (Tensor, Tensor) -> Tensor
    ) -> Tensor {
        let levels = CoarseToFine.levels(
            prefill: prefill, mask: mask, multiple: sizeMultiple, most: levels)
        var current = levels[levels.count - 1].prefill
        for (finer, coarser) in zip(levels, levels.dropFirst()).reversed() {
            current = finer.prefill(after: pass(current, coarser.mask), at: coarser)
        }
        return current
    }

    /// The denoising at one resolution.
    func pass(
        prefill: Tensor, mask: Tensor, steps: Int, seed: UInt64, captions: [String]?, guidance: Float = 1
    ) -> Tensor {
        let condition = codec.condition(prefill: prefill, mask: mask)
        func predict(_ sample: Tensor, _ times: [Int], _ captions: [String]?) -> Tensor {
            self.predict(noisy: sample, condition: condition, timesteps: times, captions: captions).output.value
        }
        var random = SeededRandom(seed: seed)
        var sample = random.normalTensor(condition.hole.shape) * condition.hole
        let timesteps = scheduler.timesteps(steps: steps)
        for (i, timestep) in timesteps.enumerated() {
            let times = Array(repeating: timestep, count: sample.shape[0])
            var output = predict(sample, times, captions)
            if captions != nil, guidance != 1 {
                output = PromptCondition.guided(output, over: predict(sample, times, nil), by: guidance)
            }
            let next = i + 1 < timesteps.count ? timesteps[i + 1] : -1
            sample = scheduler.step(sample: sample, output: output * condition.hole, from: timestep, to: next)
        }
        return codec.image(residual: sample, condition)
    }
}
