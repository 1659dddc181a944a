import Foundation
import Layers

/// The `config.json` of a U-Net, with the keys and meanings of diffusers' `UNet2DConditionModel`.
public struct UNetConfiguration: Codable, Sendable, Equatable {
    public var className = "UNet2DConditionModel"
    public var sampleSize: Int?
    public var inChannels: Int
    public var outChannels: Int
    /// Channels of each resolution, finest first.
    public var blockOutChannels: [Int]
    public var downBlockTypes: [DownBlockType]
    public var midBlockType: MidBlockType
    public var upBlockTypes: [UpBlockType]
    public var layersPerBlock: Int
    /// Channels of one attention head in the `Attn` blocks; in the `CrossAttn` blocks the number of heads, as diffusers
    /// has it.
    public var attentionHeadDim: PerLevel
    /// Transformer blocks in each attention of the `CrossAttn` blocks.
    public var transformerLayersPerBlock: PerLevel = 1
    /// Whether transformers begin and end with linear layers instead of 1x1 convolutions.
    public var useLinearProjection = false
    public var normNumGroups: Int
    public var normEps: Float
    public var actFn = "silu"
    /// The width of the text states; of no meaning where no block attends to text.
    public var crossAttentionDim: Int
    public var downsamplePadding: Int
    public var flipSinToCos: Bool
    public var freqShift: Int
    /// What is added to the timestep's embedding; nil for nothing.
    public var classEmbedType: ClassEmbedType?
    /// Width of the vectors that `classEmbedType` projects.
    public var projectionClassEmbeddingsInputDim: Int?

    public enum ClassEmbedType: String, Codable, Sendable {
        /// A vector through two linear layers: here what a text says as a whole, see `CLIPTextModel.pooled`.
        case projection
    }

    public enum DownBlockType: String, Codable, Sendable {
        case plain = "DownBlock2D"
        case attention = "AttnDownBlock2D"
        case crossAttention = "CrossAttnDownBlock2D"

        var kind: Level.Kind {
            switch self {
            case .plain: .plain
            case .attention: .attention
            case .crossAttention: .crossAttention
            }
        }
    }
    public enum MidBlockType: String, Codable, Sendable {
        case plain = "UNetMidBlock2D"
        case crossAttention = "UNetMidBlock2DCrossAttn"
    }
    public enum UpBlockType: String, Codable, Sendable {
        case plain = "UpBlock2D"
        case attention = "AttnUpBlock2D"
        case crossAttention = "CrossAttnUpBlock2D"

        var kind: Level.Kind {
            switch self {
            case .plain: .plain
            case .attention: .attention
            case .crossAttention: .crossAttention
            }
        }
    }

    /// The default student: pixels folded 4x4, the noisy residual beside the condition.
    public static func student(codec: CodecConfiguration) -> UNetConfiguration {
        UNetConfiguration(
            sampleSize: 32, inChannels: codec.residualChannels + codec.conditionChannels,
            outChannels: codec.residualChannels, blockOutChannels: [64, 96, 160, 192],
            downBlockTypes: [.plain, .plain, .plain, .attention], midBlockType: .plain,
            upBlockTypes: [.attention, .plain, .plain, .plain], layersPerBlock: 1, attentionHeadDim: 32,
            normNumGroups: 16, normEps: 1e-5, crossAttentionDim: 64, downsamplePadding: 1, flipSinToCos: true,
            freqShift: 0)
    }

    /// Checks that the numbers describe a network that can be built.
    /// - Throws: `ModelError` naming the key.
    public func validate(origin: String) throws {
        func require(_ condition: Bool, _ problem: String) throws {
            guard condition else { throw ModelError(.badConfiguration, at: origin, problem) }
        }
        guard className == "UNet2DConditionModel" else {
            throw ModelError(.unsupportedModel, at: origin, "class \"\(className)\" is not UNet2DConditionModel")
        }
        let levels = blockOutChannels.count
        try require((1...8).contains(levels), "block_out_channels needs 1 to 8 entries")
        try require(
            downBlockTypes.count == levels && upBlockTypes.count == levels,
            "down_block_types and up_block_types need \(levels) entries, as block_out_channels has")
        try require((1...16).contains(layersPerBlock), "layers_per_block is \(layersPerBlock)")
        try require(
            (1...4096).contains(inChannels) && (1...4096).contains(outChannels), "in_channels or out_channels is wrong")
        try require(
            normNumGroups > 0 && blockOutChannels.allSatisfy { (1...8192).contains($0) && $0 % normNumGroups == 0 },
            "block_out_channels \(blockOutChannels) must be multiples of norm_num_groups \(normNumGroups)")
        try require(blockOutChannels[0] % 2 == 0, "the first of block_out_channels must be even")
        try require(
            freqShift >= 0 && freqShift < blockOutChannels[0] / 2,
            "freq_shift \(freqShift) must be less than half of the first of block_out_channels")
        try require(actFn == "silu" || actFn == "swish", "act_fn \"\(actFn)\" is not silu")
        try require(downsamplePadding == 1, "downsample_padding \(downsamplePadding) is not 1")
        try require(normEps > 0 && normEps < 1, "norm_eps is \(normEps)")
        try require(
            attentionHeadDim.covers(levels) && transformerLayersPerBlock.covers(levels),
            "attention_head_dim and transformer_layers_per_block need one number or \(levels)")
        try require(
            classEmbedType == nil || (1...8192).contains(projectionClassEmbeddingsInputDim ?? 0),
            "class_embed_type \(classEmbedType?.rawValue ?? "") needs a projection_class_embeddings_input_dim of 1 to 8192"
        )
        for (level, channels) in blockOutChannels.enumerated() {
            var kinds = [downBlockTypes[level].kind, upBlockTypes[levels - 1 - level].kind]
            if level == levels - 1, midBlockType == .crossAttention { kinds.append(.crossAttention) }
            guard kinds.contains(where: { $0 != .plain }) else { continue }
            // A size of heads or their number: either divides the channels.
            try require(
                attentionHeadDim[level] > 0 && channels % attentionHeadDim[level] == 0,
                "attention_head_dim \(attentionHeadDim[level]) does not divide \(channels)")
            try require(
                !kinds.contains(.crossAttention)
                    || (1...32).contains(transformerLayersPerBlock[level]) && (1...8192).contains(crossAttentionDim),
                "transformer_layers_per_block or cross_attention_dim is out of range")
        }
    }

    /// Whether any block attends to text.
    public var attendsToText: Bool {
        midBlockType == .crossAttention || downBlockTypes.contains(.crossAttention)
            || upBlockTypes.contains(.crossAttention)
    }

    /// Whether text changes what the network computes, as states that blocks attend to or as a whole.
    public var readsText: Bool { attendsToText || classEmbedType != nil }

    /// Width of the timestep's embedding.
    var timeEmbeddingWidth: Int { blockOutChannels[0] * 4 }

    /// Input height and width must be multiples of this.
    public var sizeMultiple: Int { 1 << (blockOutChannels.count - 1) }
}
