import Layers

/// The `config.json` of a CLIP text encoder, with the keys and meanings of transformers' `CLIPTextModel`.
public struct CLIPTextConfiguration: Codable, Sendable, Equatable {
    public var architectures: [String] = ["CLIPTextModel"]
    public var modelType = "clip_text_model"
    public var vocabSize: Int
    public var hiddenSize: Int
    public var intermediateSize: Int
    public var numHiddenLayers: Int
    public var numAttentionHeads: Int
    /// Tokens of the longest text, start and end included.
    public var maxPositionEmbeddings: Int
    public var hiddenAct = CLIPActivation.quickGELU
    public var layerNormEps: Float = 1e-5
    /// The token that ends a text; 2 in old files, where the largest number of a text counts as its end.
    public var eosTokenId: Int

    enum CodingKeys: String, CodingKey {
        case architectures
        case modelType = "model_type"
        case vocabSize = "vocab_size"
        case hiddenSize = "hidden_size"
        case intermediateSize = "intermediate_size"
        case numHiddenLayers = "num_hidden_layers"
        case numAttentionHeads = "num_attention_heads"
        case maxPositionEmbeddings = "max_position_embeddings"
        case hiddenAct = "hidden_act"
        case layerNormEps = "layer_norm_eps"
        case eosTokenId = "eos_token_id"
    }

    /// - Parameters:
    ///   - vocabularySize: tokens that the tokenizer knows.
    ///   - width: of the states.
    ///   - intermediate: width within the feed-forward blocks.
    ///   - layers: of the encoder.
    ///   - heads: of each attention; a divisor of `width`.
    ///   - length: tokens of a text at most.
    ///   - end: the token that ends a text; nil for the last one.
    ///   - activation: quick GELU is OpenAI's; new models have no reason to approximate.
    public init(
        vocabularySize: Int, width: Int, intermediate: Int, layers: Int, heads: Int, length: Int,
        end: Int? = nil, activation: CLIPActivation = .gelu
    ) {
        vocabSize = vocabularySize
        hiddenSize = width
        intermediateSize = intermediate
        numHiddenLayers = layers
        numAttentionHeads = heads
        maxPositionEmbeddings = length
        hiddenAct = activation
        eosTokenId = end ?? vocabularySize - 1
    }

    /// Reads a `config.json`; where it is silent, transformers' defaults apply.
    /// - Throws: `DecodingError`.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        architectures = try values.decodeIfPresent([String].self, forKey: .architectures) ?? []
        modelType = try values.decodeIfPresent(String.self, forKey: .modelType) ?? "clip_text_model"
        vocabSize = try values.decodeIfPresent(Int.self, forKey: .vocabSize) ?? 49408
        hiddenSize = try values.decodeIfPresent(Int.self, forKey: .hiddenSize) ?? 512
        intermediateSize = try values.decodeIfPresent(Int.self, forKey: .intermediateSize) ?? 2048
        numHiddenLayers = try values.decodeIfPresent(Int.self, forKey: .numHiddenLayers) ?? 12
        numAttentionHeads = try values.decodeIfPresent(Int.self, forKey: .numAttentionHeads) ?? 8
        maxPositionEmbeddings = try values.decodeIfPresent(Int.self, forKey: .maxPositionEmbeddings) ?? 77
        hiddenAct = try values.decodeIfPresent(CLIPActivation.self, forKey: .hiddenAct) ?? .quickGELU
        layerNormEps = try values.decodeIfPresent(Float.self, forKey: .layerNormEps) ?? 1e-5
        eosTokenId = try values.decodeIfPresent(Int.self, forKey: .eosTokenId) ?? 49407
    }

    /// Checks that the numbers describe a network that can be built.
    /// - Throws: `ModelError` naming the key.
    public func validate(origin: String) throws {
        func require(_ condition: Bool, _ problem: String) throws {
            guard condition else { throw ModelError(.badConfiguration, at: origin, problem) }
        }
        guard modelType == "clip_text_model" else {
            throw ModelError(.unsupportedModel, at: origin, "model_type \"\(modelType)\" is not clip_text_model")
        }
        try require((3...1_000_000).contains(vocabSize), "vocab_size is \(vocabSize)")
        try require(
            (1...8192).contains(hiddenSize) && (1...65536).contains(intermediateSize),
            "hidden_size or intermediate_size is out of range")
        try require((1...100).contains(numHiddenLayers), "num_hidden_layers is \(numHiddenLayers)")
        try require(
            numAttentionHeads > 0 && hiddenSize % numAttentionHeads == 0,
            "num_attention_heads \(numAttentionHeads) does not divide hidden_size \(hiddenSize)")
        try require((3...4096).contains(maxPositionEmbeddings), "max_position_embeddings is \(maxPositionEmbeddings)")
        try require(layerNormEps > 0 && layerNormEps < 1, "layer_norm_eps is \(layerNormEps)")
    }
}
