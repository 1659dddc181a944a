import Autograd
import Diffusion
import Layers
import TensorCore

/// L_task of the method: the student's prediction of the clean residual against the true one, inside the hole.
///
/// `L = Σ_i w_i Σ_hole (x̂₀ - x₀)² / Σ_i area_i`, with `w_i = √(Ā / A_i) / √(r_i + r₀)`: A_i is the crop's hole in
/// pixels, Ā the batch's mean, r_i the mean square of x₀ over the hole, that is, how wrong the pre-fill is. PSNR
/// averaged over crops asks for w ~ 1 / (A r), PSNR pooled over pixels for w = 1; the root serves both. The constants
/// are ours.
struct TaskLoss {
    /// r₀: keeps crops whose pre-fill is already right from ruling the sum. In units of σ_data².
    static let residualFloor: Float = 0.03

    let codec: SpaceToDepthCodec
    let scheduler: DDIMScheduler
    /// Share of samples at the last, pure-noise timestep.
    let terminalShare: Float

    /// One forward pass on a batch; `random` draws timesteps and noise.
    func callAsFunction(
        _ unet: UNet2DConditionModel, _ batch: TrainingBatch, _ random: inout SeededRandom
    ) -> Variable {
        let (image, prefill, mask) = batch.tensors()
        let hole = Tensor.concatenated([mask, mask, mask]).spaceToDepth(codec.configuration.patchSize)
        let clean = codec.residual(image: image, prefill: prefill) * hole
        let noise = random.normalTensor(clean.shape) * hole
        let timesteps = (0..<batch.count).map { _ in timestep(&random) }
        let noisy = mixed(clean, noise, timesteps)
        let input = Tensor.concatenated([noisy, codec.condition(prefill: prefill, mask: mask)])
        let output = unet(Variable(input), timesteps: timesteps.map(Float.init))
        let (weight, divisor) = weights(clean: clean, hole: hole)
        return output.weightedSquaredError(to: clean, weight: weight, divisor: divisor)
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

    /// w_i on every hole element of [N, C, H, W], and the divisor Σ area.
    private func weights(clean: Tensor, hole: Tensor) -> (Tensor, Double) {
        let count = clean.shape[0], slice = clean.count / count
        var areas = [Float](repeating: 0, count: count), squares = areas
        for i in 0..<count {
            for j in (i * slice)..<((i + 1) * slice) {
                areas[i] += hole.pointer[j]
                squares[i] += clean.pointer[j] * clean.pointer[j]
            }
        }
        let total = areas.reduce(0, +), mean = total / Float(count)
        let weight = Tensor(uninitialized: hole.shape)
        for i in 0..<count {
            let area = max(areas[i], 1)
            let w = (mean / area).squareRoot() / (squares[i] / area + Self.residualFloor).squareRoot()
            for j in (i * slice)..<((i + 1) * slice) { weight.pointer[j] = hole.pointer[j] * w }
        }
        return (weight, Double(max(total, 1)))
    }
}
