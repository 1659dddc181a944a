import Layers

/// The `config.json` of a ControlNet, with the keys and meanings of diffusers' `ControlNetModel`.
///
/// diffusers' control pictures have eight times the sample's size, so its `conditioning_embedding_out_channels` has
/// four entries, between which the picture is halved. A control that comes folded at the sample's own size has one.
public struct ControlNetConfiguration: Codable, Sendable, Equatable {
    /// The encoder's numbers, with the meaning that they have in a U-Net.
    public var backbone: UNetConfiguration
    /// Channels of the control.
    public var conditioningChannels: Int
    /// Widths of the control's embedding; its resolution is halved between any two.
    public var conditioningEmbeddingOutChannels: [Int]

    public var blockOutChannels: [Int] { backbone.blockOutChannels }

    /// How many times larger than the sample the control is.
    public var conditioningFactor: Int { 1 << (conditioningEmbeddingOutChannels.count - 1) }

    /// A ControlNet for `unet`: the same encoder, whose copied weights it may begin with.
    public init(for unet: UNetConfiguration, conditioningChannels: Int, conditioningEmbeddingOutChannels: [Int]) {
        backbone = unet
        backbone.className = Self.className
        // Neither is in a ControlNet's file, so they must not tell two equal ones apart.
        backbone.sampleSize = nil
        backbone.outChannels = unet.inChannels
        backbone.upBlockTypes = unet.blockOutChannels.map { _ in .plain }
        self.conditioningChannels = conditioningChannels
        self.conditioningEmbeddingOutChannels = conditioningEmbeddingOutChannels
    }

    private static let className = "ControlNetModel"

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case conditioningChannels = "conditioning_channels"
        case conditioningEmbeddingOutChannels = "conditioning_embedding_out_channels"
    }

    private static let absent: Set<UNetConfiguration.CodingKeys> = [.sampleSize, .outChannels, .upBlockTypes]

    private static let foreignKeys = ForeignKeys(
        neutral: UNetConfiguration.foreignKeys.neutral.merging(["controlnet_conditioning_channel_order": "rgb"]) {
            $1
        }, ignored: UNetConfiguration.foreignKeys.ignored)

    /// Reads a `config.json`. Keys that older versions of diffusers did not write get diffusers' defaults.
    /// - Throws: `DecodingError`, also for a key that asks for something that is not built here.
    public init(from decoder: any Decoder) throws {
        let shared = UNetConfiguration.CodingKeys.allCases.filter { !Self.absent.contains($0) }.map(\.rawValue)
        try Self.foreignKeys.check(decoder, known: shared + CodingKeys.allCases.map(\.rawValue))
        let values = try decoder.container(keyedBy: UNetConfiguration.CodingKeys.self)
        try backbone = UNetConfiguration(
            encoderOf: values, outChannels: values.decode(Int.self, forKey: .inChannels),
            upBlockTypes: values.decode([Int].self, forKey: .blockOutChannels).map { _ in .plain })
        let own = try decoder.container(keyedBy: CodingKeys.self)
        conditioningChannels = try own.decodeIfPresent(Int.self, forKey: .conditioningChannels) ?? 3
        conditioningEmbeddingOutChannels =
            try own.decodeIfPresent([Int].self, forKey: .conditioningEmbeddingOutChannels) ?? [16, 32, 96, 256]
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: UNetConfiguration.CodingKeys.self)
        try backbone.encodeEncoder(to: &values)
        var own = encoder.container(keyedBy: CodingKeys.self)
        try own.encode(conditioningChannels, forKey: .conditioningChannels)
        try own.encode(conditioningEmbeddingOutChannels, forKey: .conditioningEmbeddingOutChannels)
    }

    /// Checks that the numbers describe a network that can be built.
    /// - Throws: `ModelError` naming the key.
    public func validate(origin: String) throws {
        guard backbone.className == Self.className else {
            throw ModelError(
                .unsupportedModel, at: origin, "class \"\(backbone.className)\" is not \(Self.className)")
        }
        var unet = backbone
        unet.className = "UNet2DConditionModel"
        try unet.validate(origin: origin)
        let widths = conditioningEmbeddingOutChannels
        guard (1...4096).contains(conditioningChannels), (1...8).contains(widths.count),
            widths.allSatisfy({ (1...8192).contains($0) })
        else {
            throw ModelError(
                .badConfiguration, at: origin,
                "conditioning_channels or conditioning_embedding_out_channels is out of range")
        }
    }
}
