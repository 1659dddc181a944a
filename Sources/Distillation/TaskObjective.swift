import Autograd
import Diffusion
import Layers
import TensorCore

/// Training by L_task alone: the prediction of the clean residual against the true one, inside the hole.
///
/// `L_task = mean over crops of (Σ d (x̂₀ - x₀)² / Σ d) / (Σ d x₀² / Σ d + r₀)^p` over hole elements; d is the discount
/// by depth. With p = 1 each crop counts by how much of its pre-fill's error is left, whether it is a faint wire or
/// coarse gravel: without that, what nobody can predict (noise, rough textures) would drown what can be learnt first.
/// Its logarithm is the PSNR of a crop, so this is the slope of PSNR averaged over crops; p = 0 is that of a pooled
/// PSNR. r₀ and p are ours.
///
/// The student's arm (a), "scratch", and the teacher, whose ControlNet learns with its U-Net, are both trained so. Where
/// the configuration asks for it, the coarse levels have a term of their own, `coarse`: see `CoarseSupervision`.
public final class TaskObjective: TrainingObjective {
    public let network: InpaintingNetwork
    public let makeBatch: @Sendable (Int) throws -> TrainingBatch
    private let configuration: TrainingConfiguration
    private let coarse: CoarseSupervision?

    /// - Throws: `ModelError` when the coarse levels cannot be supervised.
    public convenience init(_ network: InpaintingNetwork, _ configuration: TrainingConfiguration) throws {
        let sampler = CropSampler(configuration)
        try self.init(network, configuration) { sampler.batch(step: $0, configuration) }
    }

    package init(
        _ network: InpaintingNetwork, _ configuration: TrainingConfiguration,
        makeBatch: @escaping @Sendable (Int) throws -> TrainingBatch
    ) throws {
        self.network = network
        self.configuration = configuration
        self.makeBatch = makeBatch
        coarse = try configuration.coarseWeight.map { _ in
            try CoarseSupervision(network.shape, seed: configuration.seed &+ 0xC0A5)
        }
    }

    public var parameters: [(name: String, variable: Variable)] {
        network.parameters + (coarse?.parameters.all(in: "coarse") ?? [])
    }

    public func losses(step: Int, batch: TrainingBatch) throws -> StepLosses {
        let noisy = network.noisy(batch, step: step, configuration)
        let prediction = network.predict(
            noisy: noisy.noisy, condition: noisy.condition, timesteps: noisy.timesteps,
            captions: network.captions(of: noisy, configuration),
            withFeatures: coarse != nil)
        var sum = LossSum()
        let error = prediction.output.weightedSquaredError(to: noisy.clean, weight: noisy.weight, divisor: 1)
        sum.add("task", error, weight: 1)
        if let coarse, let weight = configuration.coarseWeight {
            sum.add(
                "coarse", coarse.loss(prediction.features, clean: noisy.clean, weight: noisy.weight), weight: weight)
        }
        return sum.losses(prefill: noisy.prefillLoss)
    }
}
