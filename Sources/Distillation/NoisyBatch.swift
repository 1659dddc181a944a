import Diffusion
import Foundation
import Layers
import TensorCore

/// A batch as one training step uses it: the true residual, noise upon it, and what each error counts.
package struct NoisyBatch {
    /// Where on the noise schedule samples are drawn, and how their errors are weighed.
    package struct Options {
        /// Share of samples at the last, pure-noise timestep.
        var terminalShare: Float
        /// p of `weights`.
        var relativeExponent: Float
        /// Share of captions that are left out.
        var captionDrop: Float = 0
        /// The least error, in units of 0...1 pixels, that all crops are measured by; nil for r₀ alone. In units of the
        /// contrast a shift of colour that nobody sees counts thousands of times where all around is smooth.
        var visibleError: Float?
        /// `TrainingConfiguration.signalToNoiseLimit`.
        var signalToNoiseLimit: Float?
    }

    /// r₀: keeps crops whose pre-fill is already right from ruling the mean. In units of σ_data².
    static let residualFloor: Float = 0.01

    let condition: SpaceToDepthCodec.Condition
    /// x₀, [N, 3 p², H/p, W/p].
    let clean: Tensor
    /// ε, zero outside of holes.
    let noise: Tensor
    /// x_t.
    let noisy: Tensor
    package let timesteps: [Int]
    /// What the squared error of each element counts; zero outside of holes.
    package let weight: Tensor
    /// Empty where it is left out.
    package let captions: [String]

    /// `random` draws timesteps, noise and what captions are left out; `prefill` stands in for the batch's own.
    package init(
        _ batch: TrainingBatch, prefill coarse: Tensor? = nil, codec: SpaceToDepthCodec, scheduler: DDIMScheduler,
        options: Options, _ random: inout SeededRandom
    ) {
        let (image, prefill, mask, discount) = batch.tensors()
        condition = codec.condition(prefill: coarse ?? prefill, mask: mask)
        clean = codec.residual(image: image, condition)
        noise = random.normalTensor(clean.shape) * condition.hole
        let last = scheduler.configuration.numTrainTimesteps - 1
        timesteps = (0..<batch.count).map { _ in
            let terminal = random.uniform() < options.terminalShare
            let other = Int(random.next() % UInt64(max(last, 1)))
            return terminal ? last : other
        }
        captions = batch.captions.map { caption in
            let isDropped = random.uniform() < options.captionDrop
            return isDropped && !caption.mustStay ? "" : caption.text
        }
        noisy = Self.mixed(clean, noise, timesteps, scheduler)
        // Where another material was put in, errors are often a hundred times as large as elsewhere: those crops count
        // relatively, whatever p is, and none of them rules a batch.
        let exponents = batch.captions.map { $0.mustStay ? 1 : options.relativeExponent }
        let unit = condition.unit, size = unit.count / batch.count
        let floors = (0..<batch.count).map { n in
            guard let visible = options.visibleError else { return Self.residualFloor }
            let units = UnsafeBufferPointer(start: unit.pointer + n * size, count: size)
            return max(Self.residualFloor, units.reduce(0) { $0 + visible * visible / ($1 * $1) } / Float(size))
        }
        let gains = timesteps.map { timestep in
            guard let limit = options.signalToNoiseLimit else { return Float(1) }
            let (signal, noise) = scheduler.shares(at: timestep)
            return min(max(signal * signal / max(noise * noise, 1e-6), 1), limit)
        }
        weight = Self.weights(
            clean: clean, discount: discount, patch: codec.configuration.patchSize, exponents: exponents,
            floors: floors, gains: gains)
    }

    /// The mean weighted squared error of predicting nothing: the pre-fill alone.
    var prefillLoss: Double {
        Tensor.weightedSquaredError(Tensor(repeating: 0, shape: clean.shape), clean, weight: weight)
    }

    /// x_t for a network whose units of the residual are `1 / ratio` times as large.
    func noisy(scaled ratio: Float, _ scheduler: DDIMScheduler) -> Tensor {
        ratio == 1 ? noisy : Self.mixed(clean * ratio, noise, timesteps, scheduler)
    }

    /// √ᾱ x₀ + √(1 - ᾱ) ε, each sample at its own timestep.
    private static func mixed(
        _ clean: Tensor, _ noise: Tensor, _ timesteps: [Int], _ scheduler: DDIMScheduler
    ) -> Tensor {
        let result = Tensor(uninitialized: clean.shape), slice = clean.count / timesteps.count
        for (i, timestep) in timesteps.enumerated() {
            let (signal, share) = scheduler.shares(at: timestep)
            for j in (i * slice)..<((i + 1) * slice) {
                result.pointer[j] = signal * clean.pointer[j] + share * noise.pointer[j]
            }
        }
        return result
    }

    /// g d / Σ d / (Σ d x₀² / Σ d + r₀)^p / N on every element of [N, C, H, W]; the sums are over each crop, g, p and r₀
    /// are its own.
    private static func weights(
        clean: Tensor, discount: Tensor, patch: Int, exponents: [Float], floors: [Float], gains: [Float]
    ) -> Tensor {
        let weight = Tensor.concatenated([discount, discount, discount]).spaceToDepth(patch)
        let count = clean.shape[0], slice = clean.count / count
        for i in 0..<count {
            var total: Float = 0, squares: Float = 0
            for j in (i * slice)..<((i + 1) * slice) {
                total += weight.pointer[j]
                squares += weight.pointer[j] * clean.pointer[j] * clean.pointer[j]
            }
            total = max(total, 1e-6)
            let error = squares / total + floors[i]
            let factor = gains[i] / (pow(error, exponents[i]) * total * Float(count))
            for j in (i * slice)..<((i + 1) * slice) { weight.pointer[j] *= factor }
        }
        return weight
    }
}
