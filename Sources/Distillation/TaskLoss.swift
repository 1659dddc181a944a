import Autograd
import Diffusion
import Layers
import TensorCore

/// L_task of the method: the student's prediction of the clean residual against the true one, inside the hole.
///
/// `L = Σ w (x̂₀ - x₀)² / Σ w` over hole elements, with `w = d u √(Ā / A_i)`: d is the crop's discount by depth, u what one unit of the residual is worth
/// in pixels (the local contrast), A_i the crop's hole in pixels, Ā the batch's mean. PSNR pooled over pixels asks for
/// w = u², PSNR averaged over crops for about w = 1 / A; u and the root serve both. The weights are ours.
struct TaskLoss {
    let codec: SpaceToDepthCodec
    let scheduler: DDIMScheduler
    /// Share of samples at the last, pure-noise timestep.
    let terminalShare: Float

    /// One forward pass on a batch; `random` draws timesteps and noise.
    /// - Returns: the loss, and what it would be for a prediction of zero: for the pre-fill alone.
    func callAsFunction(
        _ unet: UNet2DConditionModel, _ batch: TrainingBatch, _ random: inout SeededRandom
    ) -> (loss: Variable, prefill: Double) {
        let (image, prefill, mask, discount) = batch.tensors()
        let condition = codec.condition(prefill: prefill, mask: mask)
        let clean = codec.residual(image: image, condition)
        let noise = random.normalTensor(clean.shape) * condition.hole
        let timesteps = (0..<batch.count).map { _ in timestep(&random) }
        let noisy = mixed(clean, noise, timesteps)
        let input = Tensor.concatenated([noisy, condition.channels])
        let output = unet(Variable(input), timesteps: timesteps.map(Float.init))
        let (weight, divisor) = weights(condition, discount: discount)
        let nothing = Tensor(repeating: 0, shape: clean.shape)
        return (
            output.weightedSquaredError(to: clean, weight: weight, divisor: divisor),
            Tensor.weightedSquaredError(nothing, clean, weight: weight) / divisor
        )
    }

    private func timestep(_ random: inout SeededRandom) -> Int {
        let last = scheduler.configuration.numTrainTimesteps - 1
        let terminal = random.uniform() < terminalShare, other = Int(random.next() % UInt64(max(last, 1)))
        return terminal ? last : other
    }

    /// √ᾱ x₀ + √(1 - ᾱ) ε, each sample at its own timestep.
    private func mixed(_ clean: Tensor, _ noise: Tensor, _ timesteps: [Int]) -> Tensor {
        let result = Tensor(uninitialized: clean.shape), slice = clean.count / timesteps.count
        for (i, timestep) in timesteps.enumerated() {
            let (signal, share) = scheduler.shares(at: timestep)
            for j in (i * slice)..<((i + 1) * slice) {
                result.pointer[j] = signal * clean.pointer[j] + share * noise.pointer[j]
            }
        }
        return result
    }

    /// w on every hole element of [N, C, H, W], and the divisor Σ w.
    private func weights(
        _ condition: SpaceToDepthCodec.Condition, discount: Tensor
    ) -> (Tensor, Double) {
        let hole = condition.hole, count = hole.shape[0], slice = hole.count / count
        let areas = (0..<count).map { i in (0..<slice).reduce(Float(0)) { $0 + hole.pointer[i * slice + $1] } }
        let mean = areas.reduce(0, +) / Float(count)
        let weight =
            condition.unit
            * Tensor.concatenated([discount, discount, discount]).spaceToDepth(codec.configuration.patchSize)
        for i in 0..<count {
            let factor = (mean / max(areas[i], 1)).squareRoot()
            for j in (i * slice)..<((i + 1) * slice) { weight.pointer[j] *= factor }
        }
        return (weight, max(weight.sum, 1e-6))
    }
}
