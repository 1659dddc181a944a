import Autograd
import Layers
import TensorCore

/// A resident inpainting model: weights, codec and schedule. Lives on the thread that runs the engine.
public final class InpaintingPipeline {
    public let folder: ModelFolder
    let unet: UNet2DConditionModel
    let scheduler: DDIMScheduler
    let codec: SpaceToDepthCodec

    /// Loads a model folder.
    /// - Throws: `ModelError` naming the file and what is wrong with it.
    public init(directory: String) throws {
        folder = try ModelFolder(reading: directory)
        let parameters = try ModelFolder.unetParameters(in: directory, requiresGradient: false)
        unet = try UNet2DConditionModel(folder.unet, parameters: parameters, origin: "\(directory)/unet")
        scheduler = try DDIMScheduler(folder.scheduler, origin: "\(directory)/scheduler")
        codec = SpaceToDepthCodec(folder.codec)
    }

    /// A pipeline over weights that are in memory already, for example an average during training.
    public init(folder: ModelFolder, weights: [String: Tensor]) throws {
        self.folder = folder
        unet = try UNet2DConditionModel(
            folder.unet, parameters: ParameterSet(loaded: weights, origin: "weights", requiresGradient: false))
        scheduler = try DDIMScheduler(folder.scheduler)
        codec = SpaceToDepthCodec(folder.codec)
    }

    /// Gives the buffers that past runs left in the engine's pool back to the system; weights stay.
    public static func releaseScratch() { StoragePool.trim() }

    public var name: String { folder.index.name }
    public var generation: String { folder.index.generation }
    public var defaultSteps: Int { folder.index.defaultSteps }
    public var parameterCount: Int { unet.parameters.count }

    /// Crops must have a width and height that are multiples of this.
    public var sizeMultiple: Int { folder.codec.patchSize * folder.unet.sizeMultiple }

    /// Begins to fill the hole of one crop.
    /// - Parameters:
    ///   - prefill: planar RGB [3, height, width] in 0...1, the hole already filled by interpolation.
    ///   - mask: [height, width], 255 in the hole, 0 elsewhere.
    ///   - steps: denoising steps, 1 to 64.
    ///   - seed: of the noise that sampling starts from.
    public func start(
        prefill: [Float], mask: [UInt8], width: Int, height: Int, steps: Int, seed: UInt64
    ) -> DenoisingRun {
        precondition(
            prefill.count == 3 * width * height && mask.count == width * height && width % sizeMultiple == 0
                && height % sizeMultiple == 0 && steps >= 1,
            "Diffusion: crop of \(width)x\(height), \(prefill.count) values, mask of \(mask.count), \(steps) steps")
        let plane = mask.map { $0 >= 128 ? Float(1) : 0 }
        return start(
            prefill: Tensor(prefill, shape: [1, 3, height, width]),
            mask: Tensor(plane, shape: [1, 1, height, width]), steps: steps, seed: seed)
    }

    /// The same for a batch: `prefill` [N, 3, H, W], `mask` [N, 1, H, W] with 1 in the hole.
    public func start(prefill: Tensor, mask: Tensor, steps: Int, seed: UInt64) -> DenoisingRun {
        DenoisingRun(pipeline: self, prefill: prefill, mask: mask, steps: steps, seed: seed)
    }
}

/// One sampling run, a step at a time, so that it can be watched and stopped between steps.
public final class DenoisingRun {
    public let totalSteps: Int
    public private(set) var completedSteps = 0

    private let pipeline: InpaintingPipeline
    private let condition: SpaceToDepthCodec.Condition
    private let timesteps: [Int]
    /// x_t, folded; noise at first, the residual itself at the end. Zero outside of the hole.
    private var sample: Tensor

    init(pipeline: InpaintingPipeline, prefill: Tensor, mask: Tensor, steps: Int, seed: UInt64) {
        self.pipeline = pipeline
        condition = pipeline.codec.condition(prefill: prefill, mask: mask)
        timesteps = pipeline.scheduler.timesteps(steps: steps)
        totalSteps = steps
        var random = SeededRandom(seed: seed)
        sample = random.normalTensor(condition.hole.shape) * condition.hole
    }

    /// One denoising step. Does nothing once all are done.
    public func step() {
        guard completedSteps < totalSteps else { return }
        let timestep = self.timesteps[completedSteps]
        let input = Variable(Tensor.concatenated([sample, condition.channels]))
        let batch = input.shape[0]
        let timesteps = Array(repeating: Float(timestep), count: batch)
        let output = pipeline.unet(input, timesteps: timesteps).value * condition.hole
        let next = completedSteps + 1 < totalSteps ? self.timesteps[completedSteps + 1] : -1
        sample = pipeline.scheduler.step(sample: sample, output: output, from: timestep, to: next)
        completedSteps += 1
    }

    /// Planar RGB [3, H, W]: the pre-fill with the residual added in the hole, clamped to 0...1.
    public func image() -> [Float] {
        tensor().values.map { min(max($0, 0), 1) }
    }

    /// The same for a batch, not clamped: [N, 3, H, W].
    public func tensor() -> Tensor { pipeline.codec.image(residual: sample, condition) }
}
