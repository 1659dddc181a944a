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

    public init(
        codec: CodecConfiguration, scheduler: DDIMConfiguration = DDIMConfiguration(), unet: UNetConfiguration,
        controlNet: ControlNetConfiguration? = nil
    ) {
        self.codec = codec
        self.scheduler = scheduler
        self.unet = unet
        self.controlNet = controlNet
    }

    /// The shape of a model folder's network.
    /// - Throws: `ModelError`.
    public init(directory: String) throws {
        let folder = try ModelFolder(reading: directory)
        self.init(
            codec: folder.codec, scheduler: folder.scheduler, unet: folder.unet,
            controlNet: try InpaintingNetwork.controlNetConfiguration(in: directory))
    }

    /// A student: a compact U-Net with the condition beside its input, and no ControlNet.
    /// - Parameter channels: of each resolution, finest first; nil for the default student's.
    public static func student(codec: CodecConfiguration, channels: [Int]? = nil) -> NetworkShape {
        var unet = UNetConfiguration.student(codec: codec)
        if let channels { unet.setLevels(channels) }
        return NetworkShape(codec: codec, unet: unet)
    }

    /// A teacher: a wider, deeper U-Net that attends to text at its coarser levels, and a ControlNet that sees the
    /// condition. The U-Net sees it too, beside the noise: at the last timestep its encoder would be blind without.
    ///
    /// One level less than the student: at the coarsest, attention over all positions stands in for it.
    /// - Parameter channels: of each resolution, finest first; nil for the default teacher's, 29 M parameters and at
    ///   least six times the default student's multiply-accumulates.
    public static func teacher(codec: CodecConfiguration, channels: [Int]? = nil) -> NetworkShape {
        var unet = UNetConfiguration.student(codec: codec)
        unet.layersPerBlock = 2
        unet.setLevels(channels ?? [144, 160, 176])
        unet.setTextLevels(heads: 4, width: 128)
        var encoder = unet
        encoder.inChannels = codec.residualChannels
        let control = ControlNetConfiguration(
            for: encoder, conditioningChannels: codec.conditionChannels,
            conditioningEmbeddingOutChannels: [unet.blockOutChannels[0]])
        return NetworkShape(codec: codec, unet: unet, controlNet: control)
    }

    /// The network that a run trains: of the shape that its folder keeps, where it has one; else the weights of the
    /// folder `start`, or new ones of this shape. A run that goes on loads its own weights into it.
    /// - Throws: `ModelError`.
    public func network(
        kept: NetworkShape?, start: String?, _ training: TrainingConfiguration
    ) throws -> InpaintingNetwork {
        if let kept { return try InpaintingNetwork(kept, seed: training.seed) }
        if let start { return try InpaintingNetwork(directory: start, requiresGradient: true) }
        return try untrained(training)
    }

    /// A network of this shape that has learnt nothing yet; σ_data is measured on the data of `training`.
    /// - Throws: `ModelError` when the shape makes no network.
    public func untrained(_ training: TrainingConfiguration) throws -> InpaintingNetwork {
        var shape = self
        shape.codec.residualScale = CropSampler(training).residualScale(size: training.cropSize)
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

    /// Attention to text at all levels but the finest, where it would cost most, and in the middle.
    mutating func setTextLevels(heads: Int, width: Int) {
        downBlockTypes = blockOutChannels.indices.map { $0 == 0 ? .plain : .crossAttention }
        upBlockTypes = downBlockTypes.reversed().map { $0 == .plain ? .plain : .crossAttention }
        midBlockType = .crossAttention
        attentionHeadDim = PerLevel([heads])
        crossAttentionDim = width
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
