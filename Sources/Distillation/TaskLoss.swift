import Autograd
import Diffusion
import Foundation
import Layers
import TensorCore

/// L_task of the method: the student's prediction of the clean residual against the true one, inside the hole.
///
/// `L = mean over crops of (Σ d (x̂₀ - x₀)² / Σ d) / (Σ d x₀² / Σ d + r₀)^p` over hole elements; d is the discount by
/// depth. With p = 1 each crop counts by how much of its pre-fill's error is left, whether it is a faint wire or coarse
/// gravel: without that, what nobody can predict (noise, rough textures) would drown what can be learnt first. Its
/// logarithm is the PSNR of a crop, so this is the slope of PSNR averaged over crops; p = 0 is that of a pooled PSNR.
/// r₀ and p are ours.
struct TaskLoss {
    /// r₀: keeps crops whose pre-fill is already right from ruling the mean. In units of σ_data².
    static let residualFloor: Float = 0.01

    let codec: SpaceToDepthCodec
    let scheduler: DDIMScheduler
    /// Share of samples at the last, pure-noise timestep.
    let terminalShare: Float
    /// p above.
    let relativeExponent: Float

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
        let weight = weights(clean: clean, discount: discount)
        let nothing = Tensor(repeating: 0, shape: clean.shape)
        return (
            output.weightedSquaredError(to: clean, weight: weight, divisor: 1),
            Tensor.weightedSquaredError(nothing, clean, weight: weight)
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

    /// d / Σ d / (Σ d x₀² / Σ d + r₀)^p / N on every element of [N, C, H, W]; the sums are over each crop.
    private func weights(clean: Tensor, discount: Tensor) -> Tensor {
        let weight = Tensor.concatenated([discount, discount, discount])
            .spaceToDepth(codec.configuration.patchSize)
        let count = clean.shape[0], slice = clean.count / count
        for i in 0..<count {
            var total: Float = 0, squares: Float = 0
            for j in (i * slice)..<((i + 1) * slice) {
                total += weight.pointer[j]
                squares += weight.pointer[j] * clean.pointer[j] * clean.pointer[j]
            }
            total = max(total, 1e-6)
            let factor = 1 / (pow(squares / total + Self.residualFloor, relativeExponent) * total * Float(count))
            for j in (i * slice)..<((i + 1) * slice) { weight.pointer[j] *= factor }
        }
        return weight
    }
}
