extension UNetConfiguration {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case className = "_class_name"
        case sampleSize = "sample_size"
        case inChannels = "in_channels"
        case outChannels = "out_channels"
        case blockOutChannels = "block_out_channels"
        case downBlockTypes = "down_block_types"
        case midBlockType = "mid_block_type"
        case upBlockTypes = "up_block_types"
        case layersPerBlock = "layers_per_block"
        case attentionHeadDim = "attention_head_dim"
        case transformerLayersPerBlock = "transformer_layers_per_block"
        case useLinearProjection = "use_linear_projection"
        case normNumGroups = "norm_num_groups"
        case normEps = "norm_eps"
        case actFn = "act_fn"
        case crossAttentionDim = "cross_attention_dim"
        case downsamplePadding = "downsample_padding"
        case flipSinToCos = "flip_sin_to_cos"
        case freqShift = "freq_shift"
        case classEmbedType = "class_embed_type"
        case projectionClassEmbeddingsInputDim = "projection_class_embeddings_input_dim"
    }

    /// What diffusers' `UNet2DConditionModel` and `ControlNetModel` know beyond the keys above.
    static let foreignKeys = ForeignKeys(
        neutral: [
            "mid_block_scale_factor": 1.0, "resnet_time_scale_shift": "default", "resnet_out_scale_factor": 1.0,
            "time_embedding_type": "positional", "conv_in_kernel": 3.0, "conv_out_kernel": 3.0,
            "attention_type": "default",
        ],
        // Attention is computed in fp32 anyway, dropout is for training, and the numbers of the additional embedding
        // mean nothing without its type.
        ignored: ["upcast_attention", "dropout", "addition_embed_type_num_heads", "addition_time_embed_dim"])

    /// Reads a `config.json`. Keys that older versions of diffusers did not write get diffusers' defaults.
    /// - Throws: `DecodingError`, also for a key that asks for something that is not built here.
    public init(from decoder: any Decoder) throws {
        try Self.foreignKeys.check(decoder, known: CodingKeys.allCases.map(\.rawValue))
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            encoderOf: values, outChannels: values.decode(Int.self, forKey: .outChannels),
            upBlockTypes: values.decode([UpBlockType].self, forKey: .upBlockTypes))
        sampleSize = try? values.decode(Int.self, forKey: .sampleSize)
    }

    /// The keys that a ControlNet's configuration shares.
    init(
        encoderOf values: KeyedDecodingContainer<CodingKeys>, outChannels: Int, upBlockTypes: [UpBlockType]
    ) throws {
        self.init(
            className: try values.decode(String.self, forKey: .className),
            inChannels: try values.decode(Int.self, forKey: .inChannels), outChannels: outChannels,
            blockOutChannels: try values.decode([Int].self, forKey: .blockOutChannels),
            downBlockTypes: try values.decode([DownBlockType].self, forKey: .downBlockTypes),
            midBlockType: try values.decodeIfPresent(MidBlockType.self, forKey: .midBlockType) ?? .crossAttention,
            upBlockTypes: upBlockTypes,
            layersPerBlock: try values.decodeIfPresent(Int.self, forKey: .layersPerBlock) ?? 2,
            attentionHeadDim: try values.decodeIfPresent(PerLevel.self, forKey: .attentionHeadDim) ?? 8,
            transformerLayersPerBlock: try values.decodeIfPresent(PerLevel.self, forKey: .transformerLayersPerBlock)
                ?? 1,
            useLinearProjection: try values.decodeIfPresent(Bool.self, forKey: .useLinearProjection) ?? false,
            normNumGroups: try values.decodeIfPresent(Int.self, forKey: .normNumGroups) ?? 32,
            normEps: try values.decodeIfPresent(Float.self, forKey: .normEps) ?? 1e-5,
            actFn: try values.decodeIfPresent(String.self, forKey: .actFn) ?? "silu",
            crossAttentionDim: try values.decodeIfPresent(Int.self, forKey: .crossAttentionDim) ?? 1280,
            downsamplePadding: try values.decodeIfPresent(Int.self, forKey: .downsamplePadding) ?? 1,
            flipSinToCos: try values.decodeIfPresent(Bool.self, forKey: .flipSinToCos) ?? true,
            freqShift: try values.decodeIfPresent(Int.self, forKey: .freqShift) ?? 0,
            classEmbedType: try values.decodeIfPresent(ClassEmbedType.self, forKey: .classEmbedType),
            projectionClassEmbeddingsInputDim: try values.decodeIfPresent(
                Int.self, forKey: .projectionClassEmbeddingsInputDim))
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try encodeEncoder(to: &values)
        try values.encodeIfPresent(sampleSize, forKey: .sampleSize)
        try values.encode(outChannels, forKey: .outChannels)
        try values.encode(upBlockTypes, forKey: .upBlockTypes)
    }

    /// The keys that a ControlNet's configuration shares.
    func encodeEncoder(to values: inout KeyedEncodingContainer<CodingKeys>) throws {
        try values.encode(className, forKey: .className)
        try values.encode(inChannels, forKey: .inChannels)
        try values.encode(blockOutChannels, forKey: .blockOutChannels)
        try values.encode(downBlockTypes, forKey: .downBlockTypes)
        try values.encode(midBlockType, forKey: .midBlockType)
        try values.encode(layersPerBlock, forKey: .layersPerBlock)
        try values.encode(attentionHeadDim, forKey: .attentionHeadDim)
        try values.encode(transformerLayersPerBlock, forKey: .transformerLayersPerBlock)
        try values.encode(useLinearProjection, forKey: .useLinearProjection)
        try values.encode(normNumGroups, forKey: .normNumGroups)
        try values.encode(normEps, forKey: .normEps)
        try values.encode(actFn, forKey: .actFn)
        try values.encode(crossAttentionDim, forKey: .crossAttentionDim)
        try values.encode(downsamplePadding, forKey: .downsamplePadding)
        try values.encode(flipSinToCos, forKey: .flipSinToCos)
        try values.encode(freqShift, forKey: .freqShift)
        try values.encodeIfPresent(classEmbedType, forKey: .classEmbedType)
        try values.encodeIfPresent(projectionClassEmbeddingsInputDim, forKey: .projectionClassEmbeddingsInputDim)
    }
}
