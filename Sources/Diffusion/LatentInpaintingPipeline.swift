import Autograd
import Layers
import TensorCore

/// A resident inpainting model of Stable Diffusion's kind: the U-Net denoises latents, and sees the mask and the latents
/// of the photo without its hole beside them. Lives on the thread that runs the engine.
///
/// Sampling is DDIM's, with the betas of the folder's scheduler, PNDM or DDIM. Two things differ from diffusers: the
/// photo's latents are their mean, not a sample, so that the seed alone decides; and a latent counts as masked when any
/// of its pixels is, so that no thin hole is lost.
public final class LatentInpaintingPipeline {
    public let folder: LatentModelFolder
    private let autoencoder: AutoencoderKL
    private let unet: UNet2DConditionModel
    private let textEncoder: CLIPTextModel
    private let scheduler: DDIMScheduler

    /// Loads a model folder.
    /// - Throws: `ModelError` naming the file and what is wrong with it.
    public init(directory: String) throws {
        folder = try LatentModelFolder(reading: directory)
        autoencoder = try AutoencoderKL(
            folder.autoencoder,
            parameters: folder.parameters("vae", "diffusion_pytorch_model", canonical: AutoencoderKL.canonical),
            origin: "\(directory)/vae")
        unet = try UNet2DConditionModel(
            folder.unet, parameters: folder.parameters("unet", "diffusion_pytorch_model"), origin: "\(directory)/unet")
        textEncoder = try CLIPTextModel(
            folder.textEncoder,
            parameters: folder.parameters("text_encoder", "model", canonical: CLIPTextModel.canonical),
            origin: "\(directory)/text_encoder")
        scheduler = try DDIMScheduler(folder.scheduler, origin: "\(directory)/scheduler")
    }

    public var name: String { folder.name }
    /// Published models do not say which state they are.
    public var generation: String { "published" }
    /// As many as such models are commonly run with.
    public var defaultSteps: Int { 25 }
    public var parameterCount: Int {
        autoencoder.parameters.count + unet.parameters.count + textEncoder.parameters.count
    }
    /// Crops must have a width and height that are multiples of this.
    public var sizeMultiple: Int { folder.autoencoder.sizeFactor * folder.unet.sizeMultiple }
    public var hasTextEncoder: Bool { true }

    /// How strictly a prompt is followed where a call does not say: diffusers' default for these models.
    public static let defaultGuidance: Float = 7.5

    /// The words of a prompt that the model was never trained with, where its folder tells.
    public func unknownWords(in prompt: String) -> [String] { folder.tokenizer.unknownWords(in: prompt) }

    /// What to attend to in every run of a job; see ``InpaintingPipeline/condition(prompt:guidance:)``.
    public func condition(prompt: String?, guidance: Float?) -> PromptCondition? {
        PromptCondition(prompt: prompt, guidance: guidance ?? Self.defaultGuidance) {
            textEncoder.embedding(of: [folder.tokenizer.encode($0)])
        }
    }

    /// Begins to fill the hole of one crop; see ``InpaintingPipeline``. What the pre-fill put into the hole is not used.
    public func start(
        prefill: [Float], mask: [UInt8], width: Int, height: Int, steps: Int, seed: UInt64,
        condition: PromptCondition? = nil
    ) -> LatentDenoisingRun {
        var random = SeededRandom(seed: seed)
        let factor = folder.autoencoder.sizeFactor
        let noise = random.normalTensor([1, folder.autoencoder.latentChannels, height / factor, width / factor])
        return start(
            prefill: prefill, mask: mask, width: width, height: height, steps: steps, noise: noise,
            condition: condition)
    }

    /// The same from given noise [1, latents, H/f, W/f], to compare with other implementations.
    public func start(
        prefill: [Float], mask: [UInt8], width: Int, height: Int, steps: Int, noise: Tensor,
        condition: PromptCondition? = nil
    ) -> LatentDenoisingRun {
        precondition(
            prefill.count == 3 * width * height && mask.count == width * height && width % sizeMultiple == 0
                && height % sizeMultiple == 0 && steps >= 1,
            "Diffusion: crop of \(width)x\(height), \(prefill.count) values, mask of \(mask.count), \(steps) steps")
        let known = prefill.indices.map { mask[$0 % mask.count] >= 128 ? 0 : 2 * prefill[$0] - 1 }
        let factor = folder.autoencoder.sizeFactor, columns = width / factor
        var masked = [Float](repeating: 0, count: columns * (height / factor))
        for i in mask.indices where mask[i] >= 128 { masked[i / width / factor * columns + i % width / factor] = 1 }
        let context = Tensor.concatenated([
            Tensor(masked, shape: [1, 1, height / factor, columns]),
            autoencoder.encode(Tensor(known, shape: [1, 3, height, width])),
        ])
        guard let prompt = condition ?? self.condition(prompt: nil, guidance: nil) else {
            preconditionFailure("Diffusion: a latent model always attends to text")
        }
        return LatentDenoisingRun(
            pipeline: self, context: context, timesteps: scheduler.timesteps(steps: steps), noise: noise,
            prompt: prompt)
    }

    /// x_s from x_t [1, latents, h, w].
    fileprivate func step(
        _ sample: Tensor, context: Tensor, from timestep: Int, to next: Int, prompt: PromptCondition
    ) -> Tensor {
        let input = Variable(Tensor.concatenated([sample, context]))
        func predict(_ text: TextEmbedding?) -> Tensor {
            unet(input, timesteps: [Float(timestep)], encoderHiddenStates: text?.states).value
        }
        var output = predict(prompt.text)
        if let (empty, guidance) = prompt.unconditional {
            output = PromptCondition.guided(output, over: predict(empty), by: guidance)
        }
        return scheduler.step(sample: sample, output: output, from: timestep, to: next)
    }

    fileprivate func decode(_ latents: Tensor) -> [Float] {
        autoencoder.decode(latents).values.map { min(max(($0 + 1) / 2, 0), 1) }
    }
}

/// One sampling run of a latent model, a step at a time.
public final class LatentDenoisingRun {
    public var totalSteps: Int { timesteps.count }
    public private(set) var completedSteps = 0

    private let pipeline: LatentInpaintingPipeline
    private let context: Tensor
    private let timesteps: [Int]
    private let prompt: PromptCondition
    private var sample: Tensor

    fileprivate init(
        pipeline: LatentInpaintingPipeline, context: Tensor, timesteps: [Int], noise: Tensor, prompt: PromptCondition
    ) {
        self.pipeline = pipeline
        self.context = context
        self.timesteps = timesteps
        self.prompt = prompt
        sample = noise
    }

    /// One denoising step. Does nothing once all are done.
    public func step() {
        guard completedSteps < totalSteps else { return }
        let next = completedSteps + 1 < totalSteps ? timesteps[completedSteps + 1] : -1
        sample = pipeline.step(
            sample, context: context, from: timesteps[completedSteps], to: next, prompt: prompt)
        completedSteps += 1
    }

    /// Planar RGB [3, H, W] in 0...1: the model's own picture, also outside of the hole.
    public func image() -> [Float] { pipeline.decode(sample) }
}
