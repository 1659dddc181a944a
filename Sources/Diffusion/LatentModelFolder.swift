import Foundation
import Layers
import TensorCore

/// A published inpainting model on disk, of Stable Diffusion's kind (diffusers' `StableDiffusionInpaintPipeline`):
/// `vae`, `unet`, `text_encoder`, `tokenizer` and `scheduler`. Other parts of the folder are not read.
public struct LatentModelFolder {
    /// The folder's own name: such a model has no other.
    public let name: String
    public let autoencoder: AutoencoderConfiguration
    public let unet: UNetConfiguration
    public let textEncoder: CLIPTextConfiguration
    public let tokenizer: CLIPTokenizer
    public let scheduler: DDIMConfiguration
    let directory: String

    static let className = "StableDiffusionInpaintPipeline"

    /// Whether the folder's index says that it holds such a model.
    /// - Throws: `ModelError` when there is no index that can be read.
    public static func isOne(_ directory: String) throws -> Bool {
        struct Index: Decodable {
            var className: String
            enum CodingKeys: String, CodingKey { case className = "_class_name" }
        }
        guard FileManager.default.fileExists(atPath: directory) else { return false }
        return try ModelFolder.decode(Index.self, directory, "model_index.json").className == className
    }

    /// Reads and checks the configurations.
    /// - Throws: `ModelError` naming the file.
    public init(reading directory: String) throws {
        self.directory = directory
        name = URL(fileURLWithPath: directory).lastPathComponent
        autoencoder = try ModelFolder.decode(AutoencoderConfiguration.self, directory, "vae/config.json")
        try autoencoder.validate(origin: "\(directory)/vae/config.json")
        unet = try ModelFolder.decode(UNetConfiguration.self, directory, "unet/config.json")
        textEncoder = try ModelFolder.decode(CLIPTextConfiguration.self, directory, "text_encoder/config.json")
        try textEncoder.validate(origin: "\(directory)/text_encoder/config.json")
        tokenizer = try CLIPTokenizer(
            directory: "\(directory)/tokenizer", longest: textEncoder.maxPositionEmbeddings)
        scheduler = try ModelFolder.decode(DDIMConfiguration.self, directory, "scheduler/scheduler_config.json")
        let latents = autoencoder.latentChannels
        guard unet.inChannels == 2 * latents + 1, unet.outChannels == latents, unet.attendsToText else {
            throw ModelError(
                .unsupportedModel, at: "\(directory)/unet/config.json",
                "in_channels and out_channels must be \(2 * latents + 1) and \(latents): this is no inpainting model")
        }
        guard unet.classEmbedType == nil else {
            throw ModelError(
                .unsupportedModel, at: "\(directory)/unet/config.json",
                "class_embed_type asks for class labels, which inpainting models of this kind do not have")
        }
        guard unet.crossAttentionDim == textEncoder.hiddenSize else {
            throw ModelError(
                .badConfiguration, at: "\(directory)/unet/config.json",
                "cross_attention_dim \(unet.crossAttentionDim) is not the text encoder's hidden_size")
        }
        guard (tokenizer.vocabulary.values.max() ?? 0) < textEncoder.vocabSize else {
            throw ModelError(
                .badConfiguration, at: "\(directory)/text_encoder/config.json",
                "vocab_size \(textEncoder.vocabSize) is too small for the tokenizer's vocab.json")
        }
    }

    /// The weights of a component: of full precision where they are there, else of the fp16 variant.
    /// - Parameter file: the name without its ending.
    func parameters(
        _ component: String, _ file: String, canonical: ([String: Tensor]) -> [String: Tensor] = { $0 }
    ) throws -> ParameterSet {
        let (tensors, path) = try Safetensors.readWeights(
            file, in: "\(directory)/\(component)", variants: ["", "fp16"])
        return ParameterSet(loaded: canonical(tensors), origin: path, requiresGradient: false)
    }
}
