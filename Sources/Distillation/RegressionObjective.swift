import Autograd
import Diffusion
import Layers
import TensorCore

/// The same U-Net as a plain inpainting network: from the condition to the residual, without noise. What comes out
/// is sampled like any other: input weights of the noise start at zero and, with nothing coming in, stay there.
final class RegressionObjective: TrainingObjective {
    let network: InpaintingNetwork
    let makeBatch: @Sendable (Int) throws -> TrainingBatch
    private let training: TrainingConfiguration

    init(_ network: InpaintingNetwork, _ training: TrainingConfiguration) {
        self.network = network
        self.training = training
        let sampler = CropSampler(training)
        makeBatch = { sampler.batch(step: $0, training) }
    }

    func losses(step: Int, batch: TrainingBatch) throws -> StepLosses {
        let noisy = network.noisy(batch, step: step, training)
        let last = network.scheduler.configuration.numTrainTimesteps - 1
        let output = network.predict(
            noisy: Tensor(repeating: 0, shape: noisy.clean.shape), condition: noisy.condition,
            timesteps: noisy.timesteps.map { _ in last }, captions: noisy.captions
        ).output
        var sum = LossSum()
        sum.add("task", output.weightedSquaredError(to: noisy.clean, weight: noisy.weight, divisor: 1), weight: 1)
        return sum.losses(prefill: noisy.prefillLoss)
    }
}
