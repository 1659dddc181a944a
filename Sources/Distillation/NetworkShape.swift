import Diffusion
import Foundation
import Layers
import TensorCore

/// All that must be known of a network besides its weights; a run folder keeps it as `network.json`.
public struct NetworkShape: Codable, Sendable, Equatable {
    public var codec: CodecConfiguration
    public var scheduler: DDIMConfiguration
    public var unet: UNetConfiguration
    public var controlNet: ControlNetConfiguration?
    public var text: TextShape?

    /// A text encoder and the tokenizer before it.
    public struct TextShape: Codable, Sendable, Equatable {
        public var encoder: CLIPTextConfiguration
        public var tokenizer: CLIPTokenizer
        public var prior: TextPriorConfiguration?

        public init(encoder: CLIPTextConfiguration, tokenizer: CLIPTokenizer, prior: TextPriorConfiguration? = nil) {
            self.encoder = encoder
            self.tokenizer = tokenizer
            self.prior = prior
        }

        /// The same with a text prior.
        public func withPrior() -> TextShape {
            TextShape(
                encoder: encoder, tokenizer: tokenizer, prior: TextPriorConfiguration(textDim: encoder.hiddenSize))
        }

        /// The small encoder, for the words of procedural scenes' captions.
        public static func scenes() -> TextShape {
            let tokenizer = CaptionVocabulary.tokenizer()
            return TextShape(encoder: .small(end: tokenizer.endToken), tokenizer: tokenizer)
        }
    }

    public init(
        codec: CodecConfiguration, scheduler: DDIMConfiguration = DDIMConfiguration(), unet: UNetConfiguration,
        controlNet: ControlNetConfiguration? = nil, text: TextShape? = nil
    ) {
        self.codec = codec
        self.scheduler = scheduler
        self.unet = unet
        self.controlNet = controlNet
        self.text = text
    }

    /// The shape of a model folder's network.
    /// - Throws: `ModelError`.
    public init(directory: String) throws {
        let folder = try ModelFolder(reading: directory)
        self.init(
            codec: folder.codec, scheduler: folder.scheduler, unet: folder.unet, controlNet: folder.controlNet,
            text: folder.textEncoder.flatMap { encoder in
                folder.tokenizer.map { TextShape(encoder: encoder, tokenizer: $0, prior: folder.textPrior) }
            })
    }

    /// A student: a compact U-Net with the condition beside its input, and no ControlNet.
    /// - Parameters:
    ///   - codec: how pixels become channels.
    ///   - channels: of each resolution, finest first; nil for the default student's. At least two for text.
    ///   - text: what it attends to, at its second finest level; nil for none.
    public static func student(
        codec: CodecConfiguration, channels: [Int]? = nil, text: TextShape? = nil
    ) -> NetworkShape {
        var unet = text == nil ? UNetConfiguration.student(codec: codec) : .textStudent(codec: codec)
        if let channels {
            unet.setLevels(channels)
            if text != nil { unet.setTextLevel() }
        }
        if let text { unet.setTextWidth(text.encoder.hiddenSize) }
        return NetworkShape(codec: codec, unet: unet, text: text)
    }

    /// A teacher: a wider, deeper U-Net that attends to text at its coarser levels, and a ControlNet that sees the
    /// condition. The U-Net sees it too, beside the noise: at the last timestep its encoder would be blind without.
    ///
    /// One level less than the student: at the coarsest, attention over all positions stands in for it.
    /// - Parameters:
    ///   - codec: how pixels become channels.
    ///   - channels: of each resolution, finest first; nil for the default teacher's, 29 M parameters and at least six
    ///     times the default student's multiply-accumulates.
    ///   - text: what its attention is about; without, every caption is absent.
    public static func teacher(
        codec: CodecConfiguration, channels: [Int]? = nil, text: TextShape? = nil
    ) -> NetworkShape {
        var unet = UNetConfiguration.student(codec: codec)
        unet.layersPerBlock = 2
        unet.setLevels(channels ?? [144, 160, 176])
        unet.setTextLevels(heads: 4, width: text?.encoder.hiddenSize ?? 128)
        var encoder = unet
        encoder.inChannels = codec.residualChannels
        let control = ControlNetConfiguration(
            for: encoder, conditioningChannels: codec.conditionChannels,
            conditioningEmbeddingOutChannels: [unet.blockOutChannels[0]])
        return NetworkShape(codec: codec, unet: unet, controlNet: control, text: text)
    }

    /// The network that a run trains: of the shape that its folder keeps, where it has one; else the weights of the
    /// folder `start`, or new ones of this shape. A run that goes on loads its own weights into it.
    ///
    /// Where this shape has text and `start` has none, the network computes what `start` does at first, whatever the
    /// caption: a `start` that attends to text keeps its shape and gets the encoder that it lacks; the weights of any
    /// other are grafted onto this shape.
    /// - Throws: `ModelError`.
    public func network(
        kept: NetworkShape?, start: String?, _ training: TrainingConfiguration
    ) throws -> InpaintingNetwork {
        let network = try begun(kept: kept, start: start, training)
        if let levels = training.renewedLevels, kept == nil, start != nil {
            try network.renewCoarsestLevels(levels, seed: training.seed)
        }
        guard let text = training.text, network.textEncoder != nil else { return network }
        guard network.textPrior == nil || text.learnsAlone else {
            throw ModelError(
                .unsupportedModel, at: start ?? "network",
                "what a network with a text prior fills without a prompt must not depend on captions",
                remedy: "give --text-alone")
        }
        return try text.learnsAlone ? network.learningTextAlone() : network.keepingTextLayers()
    }

    private func begun(
        kept: NetworkShape?, start: String?, _ training: TrainingConfiguration
    ) throws -> InpaintingNetwork {
        if let kept { return try InpaintingNetwork(kept, seed: training.seed) }
        guard let start else { return try untrained(training) }
        let old = try InpaintingNetwork(directory: start, requiresGradient: true)
        if let prior = text?.prior, var own = old.shape.text, own.prior == nil {
            var shape = old.shape
            own.prior = TextPriorConfiguration(textDim: own.encoder.hiddenSize, hiddenChannels: prior.hiddenChannels)
            shape.text = own
            return try Self.grafted(old, onto: shape, from: start, seed: training.seed)
        }
        guard var text, old.shape.text == nil else { return old }
        var shape = self
        if old.shape.unet.attendsToText {
            shape = old.shape
            text.encoder.setWidth(shape.unet.crossAttentionDim)
            text.prior?.textDim = text.encoder.hiddenSize
            shape.unet.setTextWidth(text.encoder.hiddenSize)
            shape.text = text
        }
        (shape.codec, shape.scheduler) = (old.shape.codec, old.shape.scheduler)
        let network = try Self.grafted(old, onto: shape, from: start, seed: training.seed)
        network.textEncoder?.startAsMeans()
        // What attended to zeros does so until the encoder has learnt to say something.
        if old.shape.unet.attendsToText { network.textEncoder?.silence() }
        return network
    }

    /// A network of `shape` with the weights of one that lacks a text encoder.
    private static func grafted(
        _ old: InpaintingNetwork, onto shape: NetworkShape, from directory: String, seed: UInt64
    ) throws -> InpaintingNetwork {
        let network = try InpaintingNetwork(shape, seed: seed)
        for (part, set) in network.parts {
            guard let source = old.parts.first(where: { $0.component == part })?.set else { continue }
            let graft = WeightGraft(of: source.tensors, onto: set)
            guard let lost = (graft.unused + graft.misshapen).first else { continue }
            throw ModelError(
                .wrongShape, at: directory,
                "its \(part.rawValue) has a \"\(lost)\" that the network with text has no place for; "
                    + "give the same --channels, or start without it")
        }
        return network
    }

    /// A network of this shape that has learnt nothing yet; σ_data is measured on the data of `training`.
    /// - Throws: `ModelError` when the shape makes no network.
    public func untrained(_ training: TrainingConfiguration) throws -> InpaintingNetwork {
        // What does not belong into its hole does not belong into σ_data.
        var shape = self, natural = training
        natural.text = nil
        shape.codec.residualScale = CropSampler(natural).residualScale(size: training.cropSize)
        let network = try InpaintingNetwork(shape, seed: training.seed)
        network.prepareForTraining(seed: training.seed)
        return network
    }
}

extension UNetConfiguration {
    /// As many levels as `channels` has entries, with self-attention at the coarsest.
    mutating func setLevels(_ channels: [Int]) {
        blockOutChannels = channels
        downBlockTypes = channels.indices.map { $0 == channels.count - 1 ? .attention : .plain }
        upBlockTypes = downBlockTypes.reversed().map { $0 == .attention ? .attention : .plain }
    }

    /// Attention to text at the second finest level, on the way up, as the default student has it; of two levels, at
    /// the finest.
    mutating func setTextLevel() {
        let levels = blockOutChannels.count
        precondition(levels >= 2, "Distillation: attention to text needs two levels, not \(levels)")
        let level = levels == 2 ? 0 : 1
        upBlockTypes[levels - 1 - level] = .crossAttention
        // The number of heads at that level, of 32 channels each where it can be; elsewhere the size of one.
        let channels = blockOutChannels[level]
        var heads = Array(repeating: 32, count: levels)
        heads[level] = channels % 32 == 0 ? channels / 32 : channels / 16
        attentionHeadDim = PerLevel(heads)
    }

    /// Attention to text at all levels but the finest, where it would cost most, and in the middle.
    mutating func setTextLevels(heads: Int, width: Int) {
        downBlockTypes = blockOutChannels.indices.map { $0 == 0 ? .plain : .crossAttention }
        upBlockTypes = downBlockTypes.reversed().map { $0 == .plain ? .plain : .crossAttention }
        midBlockType = .crossAttention
        attentionHeadDim = PerLevel([heads])
        setTextWidth(width)
    }
}

extension CropSampler {
    /// σ_data: the root mean square of the residual over the hole elements of a few held-out batches, in units of
    /// contrast.
    func residualScale(size: Int) -> Float {
        let codec = SpaceToDepthCodec(CodecConfiguration())
        var squares = 0.0, area = 0.0
        for i in 0..<8 {
            let (image, prefill, mask, _) = heldOut(i, count: 16, size: size).tensors()
            let condition = codec.condition(prefill: prefill, mask: mask)
            squares += codec.residual(image: image, condition).sumOfSquares
            area += condition.hole.sum
        }
        return Float((squares / max(area, 1)).squareRoot())
    }
}
