import Layers

/// The `config.json` of a latent autoencoder, with the keys and meanings of diffusers' `AutoencoderKL`.
public struct AutoencoderConfiguration: Decodable, Sendable, Equatable {
    public var inChannels: Int
    public var outChannels: Int
    public var latentChannels: Int
    /// Channels of each resolution, finest first.
    public var blockOutChannels: [Int]
    public var layersPerBlock: Int
    public var normNumGroups: Int
    /// What latents are multiplied by, so that their variance is about 1.
    public var scalingFactor: Float
    public var useQuantConv: Bool
    public var usePostQuantConv: Bool

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case className = "_class_name"
        case inChannels = "in_channels"
        case outChannels = "out_channels"
        case latentChannels = "latent_channels"
        case blockOutChannels = "block_out_channels"
        case downBlockTypes = "down_block_types"
        case upBlockTypes = "up_block_types"
        case layersPerBlock = "layers_per_block"
        case normNumGroups = "norm_num_groups"
        case actFn = "act_fn"
        case scalingFactor = "scaling_factor"
        case useQuantConv = "use_quant_conv"
        case usePostQuantConv = "use_post_quant_conv"
    }

    private enum ClassName: String, Decodable { case autoencoder = "AutoencoderKL" }
    private enum DownBlockType: String, Decodable { case plain = "DownEncoderBlock2D" }
    private enum UpBlockType: String, Decodable { case plain = "UpDecoderBlock2D" }
    private enum Activation: String, Decodable { case silu, swish }

    private static let foreignKeys = ForeignKeys(
        neutral: ["mid_block_add_attention": true],
        // Everything is computed in fp32, and a size of training pictures asks for nothing.
        ignored: ["force_upcast", "sample_size"])

    /// Reads a `config.json`. Keys that older versions of diffusers did not write get diffusers' defaults.
    /// - Throws: `DecodingError`, also for a key that asks for something that is not built here.
    public init(from decoder: any Decoder) throws {
        try Self.foreignKeys.check(decoder, known: CodingKeys.allCases.map(\.rawValue))
        let values = try decoder.container(keyedBy: CodingKeys.self)
        _ = try values.decode(ClassName.self, forKey: .className)
        _ = try values.decodeIfPresent(Activation.self, forKey: .actFn)
        inChannels = try values.decodeIfPresent(Int.self, forKey: .inChannels) ?? 3
        outChannels = try values.decodeIfPresent(Int.self, forKey: .outChannels) ?? 3
        latentChannels = try values.decodeIfPresent(Int.self, forKey: .latentChannels) ?? 4
        blockOutChannels = try values.decode([Int].self, forKey: .blockOutChannels)
        let down = try values.decode([DownBlockType].self, forKey: .downBlockTypes)
        let up = try values.decode([UpBlockType].self, forKey: .upBlockTypes)
        guard down.count == blockOutChannels.count, up.count == blockOutChannels.count else {
            throw DecodingError.dataCorruptedError(
                forKey: .blockOutChannels, in: values, debugDescription: "as many as blocks are needed")
        }
        layersPerBlock = try values.decodeIfPresent(Int.self, forKey: .layersPerBlock) ?? 1
        normNumGroups = try values.decodeIfPresent(Int.self, forKey: .normNumGroups) ?? 32
        scalingFactor = try values.decodeIfPresent(Float.self, forKey: .scalingFactor) ?? 0.18215
        useQuantConv = try values.decodeIfPresent(Bool.self, forKey: .useQuantConv) ?? true
        usePostQuantConv = try values.decodeIfPresent(Bool.self, forKey: .usePostQuantConv) ?? true
    }

    /// Pixels per latent, in each direction.
    public var sizeFactor: Int { 1 << (blockOutChannels.count - 1) }

    /// Checks that the numbers describe a network that can be built.
    /// - Throws: `ModelError` naming the key.
    public func validate(origin: String) throws {
        func require(_ condition: Bool, _ problem: String) throws {
            guard condition else { throw ModelError(.badConfiguration, at: origin, problem) }
        }
        try require(inChannels == 3 && outChannels == 3, "in_channels and out_channels must be 3")
        try require((1...64).contains(latentChannels), "latent_channels is \(latentChannels)")
        try require((1...8).contains(blockOutChannels.count), "block_out_channels needs 1 to 8 entries")
        try require(
            normNumGroups > 0 && blockOutChannels.allSatisfy { (1...8192).contains($0) && $0 % normNumGroups == 0 },
            "block_out_channels \(blockOutChannels) must be multiples of norm_num_groups \(normNumGroups)")
        try require((1...16).contains(layersPerBlock), "layers_per_block is \(layersPerBlock)")
        try require(scalingFactor > 0 && scalingFactor.isFinite, "scaling_factor is \(scalingFactor)")
    }
}
