import Foundation
import Layers
import TensorCore

/// A model on disk in diffusers' layout: `model_index.json`, and a folder each for `unet`, `scheduler` and `codec`;
/// where the model has them also for `controlnet`, `text_encoder`, `tokenizer` and `text_prior`.
public struct ModelFolder {
    public let index: ModelIndex
    public let codec: CodecConfiguration
    public let scheduler: DDIMConfiguration
    public let unet: UNetConfiguration
    public let controlNet: ControlNetConfiguration?
    public let textEncoder: CLIPTextConfiguration?
    /// There where the text encoder is.
    public let tokenizer: CLIPTokenizer?
    /// A model that has one leaves all that reads text out where there is no prompt: what it fills then is what its
    /// weights without text fill.
    public let textPrior: TextPriorConfiguration?

    public init(
        index: ModelIndex, codec: CodecConfiguration, scheduler: DDIMConfiguration, unet: UNetConfiguration,
        controlNet: ControlNetConfiguration? = nil, textEncoder: CLIPTextConfiguration? = nil,
        tokenizer: CLIPTokenizer? = nil, textPrior: TextPriorConfiguration? = nil
    ) {
        precondition(
            (textEncoder == nil) == (tokenizer == nil), "Diffusion: a text encoder and its tokenizer come together")
        precondition(textPrior == nil || textEncoder != nil, "Diffusion: a text prior without a text encoder")
        self.index = index
        self.codec = codec
        self.scheduler = scheduler
        self.unet = unet
        self.controlNet = controlNet
        self.textEncoder = textEncoder
        self.tokenizer = tokenizer
        self.textPrior = textPrior
    }

    private enum Part {
        static let index = "model_index.json"
        static let codec = "codec/config.json"
        static let scheduler = "scheduler/scheduler_config.json"
        static let unet = "unet/config.json"
        static let controlNet = "controlnet/config.json"
        static let textEncoder = "text_encoder/config.json"
        static let tokenizer = "tokenizer"
        static let textPrior = "text_prior/config.json"
    }

    /// A component that has weights.
    public enum Component: String, Sendable, CaseIterable {
        case unet
        case controlNet = "controlnet"
        case textEncoder = "text_encoder"
        case textPrior = "text_prior"

        /// What its weights are called in its folder. diffusers and transformers have a name each.
        var weights: String { self == .textEncoder ? "model" : "diffusion_pytorch_model" }
    }

    /// Reads and checks the configurations; weights are read by `parameters`.
    /// - Throws: `ModelError` naming the file.
    public init(reading directory: String) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw ModelError(.missingFile, at: directory, "there is no such model folder")
        }
        func isThere(_ component: String) -> Bool {
            FileManager.default.fileExists(atPath: "\(directory)/\(component)")
        }
        index = try Self.decode(ModelIndex.self, directory, Part.index)
        codec = try Self.decode(CodecConfiguration.self, directory, Part.codec)
        scheduler = try Self.decode(DDIMConfiguration.self, directory, Part.scheduler)
        unet = try Self.decode(UNetConfiguration.self, directory, Part.unet)
        controlNet =
            isThere(Component.controlNet.rawValue)
            ? try Self.decode(ControlNetConfiguration.self, directory, Part.controlNet) : nil
        // One without the other is of no use, and the file that is missing is named.
        if isThere(Component.textEncoder.rawValue) || isThere(Part.tokenizer) {
            let encoder = try Self.decode(CLIPTextConfiguration.self, directory, Part.textEncoder)
            try encoder.validate(origin: "\(directory)/\(Part.textEncoder)")
            textEncoder = encoder
            tokenizer = try CLIPTokenizer(
                directory: "\(directory)/\(Part.tokenizer)", longest: encoder.maxPositionEmbeddings)
        } else {
            textEncoder = nil
            tokenizer = nil
        }
        textPrior =
            isThere(Component.textPrior.rawValue)
            ? try Self.decode(TextPriorConfiguration.self, directory, Part.textPrior) : nil
        try validate(directory)
    }

    private func validate(_ directory: String) throws {
        func wrong(_ part: String, _ problem: String) -> ModelError {
            ModelError(.badConfiguration, at: "\(directory)/\(part)", problem)
        }
        guard index.className == "RefineInpaintingPipeline" else {
            throw ModelError(
                .unsupportedModel, at: "\(directory)/\(Part.index)",
                "class \"\(index.className)\" is no inpainting model")
        }
        guard (1...64).contains(index.defaultSteps) else {
            throw wrong(Part.index, "default_steps is \(index.defaultSteps)")
        }
        if let guidance = index.defaultGuidance, !(0...30).contains(guidance) {
            throw wrong(Part.index, "default_guidance is \(guidance)")
        }
        try codec.validate(origin: "\(directory)/\(Part.codec)")
        try unet.validate(origin: "\(directory)/\(Part.unet)")
        guard scheduler.className == "DDIMScheduler" else {
            throw ModelError(
                .unsupportedModel, at: "\(directory)/\(Part.scheduler)",
                "scheduler \"\(scheduler.className)\" is not DDIMScheduler")
        }
        guard scheduler.timestepSpacing == .trailing, scheduler.setAlphaToOne else {
            throw wrong(
                Part.scheduler, "timestep_spacing must be trailing and set_alpha_to_one true, as in training")
        }
        let residual = codec.residualChannels, both = residual + codec.conditionChannels
        // With a ControlNet, which sees the condition, the U-Net may do without.
        let inputs = controlNet == nil ? [both] : [both, residual]
        guard inputs.contains(unet.inChannels), unet.outChannels == residual else {
            throw wrong(
                Part.unet, "in_channels and out_channels must be \(both) and \(residual) for the codec's patch size")
        }
        if let controlNet {
            try controlNet.validate(origin: "\(directory)/\(Part.controlNet)")
            let shape = controlNet.backbone
            guard [residual, both].contains(shape.inChannels),
                controlNet.conditioningChannels == codec.conditionChannels, controlNet.conditioningFactor == 1
            else {
                throw wrong(
                    Part.controlNet,
                    "in_channels must be \(residual), conditioning_channels \(codec.conditionChannels), and "
                        + "conditioning_embedding_out_channels must have one entry")
            }
            guard shape.blockOutChannels == unet.blockOutChannels, shape.layersPerBlock == unet.layersPerBlock else {
                throw wrong(Part.controlNet, "block_out_channels and layers_per_block must be those of the U-Net")
            }
        }
        if let textPrior {
            try textPrior.validate(origin: "\(directory)/\(Part.textPrior)")
            guard let textEncoder else {
                throw ModelError(
                    .missingFile, at: "\(directory)/\(Part.textEncoder)", "a text prior needs a text encoder")
            }
            guard textPrior.textDim == textEncoder.hiddenSize else {
                throw wrong(
                    Part.textPrior,
                    "text_dim \(textPrior.textDim) is not the text encoder's hidden_size \(textEncoder.hiddenSize)")
            }
        }
        if let control = controlNet?.backbone, control.attendsToText, unet.attendsToText,
            control.crossAttentionDim != unet.crossAttentionDim
        {
            throw wrong(Part.controlNet, "cross_attention_dim must be that of the U-Net")
        }
        if let control = controlNet?.backbone, control.classEmbedType != nil, unet.classEmbedType != nil,
            control.projectionClassEmbeddingsInputDim != unet.projectionClassEmbeddingsInputDim
        {
            throw wrong(Part.controlNet, "projection_class_embeddings_input_dim must be that of the U-Net")
        }
        if let textEncoder, let tokenizer {
            for (part, shape) in [(Part.unet, unet), (Part.controlNet, controlNet?.backbone ?? unet)]
            where shape.attendsToText && shape.crossAttentionDim != textEncoder.hiddenSize {
                throw wrong(
                    part,
                    "cross_attention_dim \(shape.crossAttentionDim) is not the text encoder's hidden_size "
                        + "\(textEncoder.hiddenSize)")
            }
            for (part, shape) in [(Part.unet, unet), (Part.controlNet, controlNet?.backbone ?? unet)]
            where shape.classEmbedType != nil {
                guard shape.projectionClassEmbeddingsInputDim == textEncoder.hiddenSize else {
                    throw wrong(
                        part,
                        "projection_class_embeddings_input_dim \(shape.projectionClassEmbeddingsInputDim ?? 0) is not "
                            + "the text encoder's hidden_size \(textEncoder.hiddenSize)")
                }
                guard textEncoder.eosTokenId == tokenizer.endToken else {
                    throw wrong(
                        Part.textEncoder,
                        "eos_token_id \(textEncoder.eosTokenId) is not the tokenizer's \(tokenizer.endToken)")
                }
            }
            guard (tokenizer.vocabulary.values.max() ?? 0) < textEncoder.vocabSize else {
                throw wrong(
                    Part.textEncoder, "vocab_size \(textEncoder.vocabSize) is too small for the tokenizer's vocab.json")
            }
        }
    }

    /// The weights of a component from the folder.
    /// - Throws: `ModelError`.
    public static func parameters(
        of component: Component, in directory: String, requiresGradient: Bool
    ) throws -> ParameterSet {
        let (stored, path) = try Safetensors.readWeights(component.weights, in: "\(directory)/\(component.rawValue)")
        let tensors = component == .textEncoder ? CLIPTextModel.canonical(stored) : stored
        return ParameterSet(loaded: tensors, origin: path, requiresGradient: requiresGradient)
    }

    /// The U-Net's weights from the folder.
    /// - Throws: `ModelError`.
    public static func unetParameters(in directory: String, requiresGradient: Bool) throws -> ParameterSet {
        try parameters(of: .unet, in: directory, requiresGradient: requiresGradient)
    }

    /// Writes the whole folder; every file is replaced atomically, the index last.
    /// - Parameters:
    ///   - directory: made where it is missing.
    ///   - weights: of the U-Net.
    ///   - others: of the other components that the folder has, by component.
    ///   - type: of the numbers in the files.
    ///   - shardBytes: the most that one file of weights takes; nil for one file of any size.
    /// - Throws: `ModelError` with code `cannotWrite`.
    public func write(
        to directory: String, weights: [String: Tensor], others: [Component: [String: Tensor]] = [:],
        as type: Safetensors.ElementType, shardBytes: Int? = nil
    ) throws {
        var all = others
        all[.unet] = weights
        precondition(
            (all[.controlNet] == nil) == (controlNet == nil) && (all[.textEncoder] == nil) == (textEncoder == nil)
                && (all[.textPrior] == nil) == (textPrior == nil),
            "Diffusion: weights of \(all.keys) for a model of other components")
        for part in ["codec", "scheduler"] + all.keys.map(\.rawValue).sorted() {
            try Self.makeDirectory("\(directory)/\(part)")
        }
        for (component, tensors) in all {
            try Safetensors.writeWeights(
                tensors, component.weights, in: "\(directory)/\(component.rawValue)", as: type,
                metadata: ["format": "pt"], shardBytes: shardBytes)
        }
        try Self.encode(unet, directory, Part.unet)
        if let controlNet { try Self.encode(controlNet, directory, Part.controlNet) }
        if let textEncoder { try Self.encode(textEncoder, directory, Part.textEncoder) }
        if let textPrior { try Self.encode(textPrior, directory, Part.textPrior) }
        try tokenizer?.write(to: "\(directory)/\(Part.tokenizer)")
        try Self.encode(scheduler, directory, Part.scheduler)
        try Self.encode(codec, directory, Part.codec)
        try Self.encode(index, directory, Part.index)
    }
}
