import Autograd
import Layers
import TensorCore

/// CLIP's text encoder (Radford et al. 2021; transformers' `CLIPTextModel`): tokens to the states that a U-Net attends
/// to.
public final class CLIPTextModel {
    public let configuration: CLIPTextConfiguration
    public let parameters: ParameterSet

    private let tokens: Variable, positions: Variable
    private let layers: [CLIPEncoderLayer]
    private let norm: LayerNormalization

    /// Builds the network on `parameters`, which makes or loads each weight.
    /// - Throws: `ModelError` when the configuration is wrong or a loaded weight is missing or misshapen.
    public init(_ c: CLIPTextConfiguration, parameters: ParameterSet, origin: String = "text encoder") throws {
        try c.validate(origin: origin)
        configuration = c
        self.parameters = parameters
        let root = parameters.root.scope("text_model"), embeddings = root.scope("embeddings")
        // Larger than CLIP's own 0.02, under which the layers' random outputs drown the words at first: an encoder that
        // is trained with a network for a thousand steps must tell captions apart from the beginning.
        tokens = try embeddings.scope("token_embedding").parameter(
            "weight", [c.vocabSize, c.hiddenSize], .normal(deviation: 0.5))
        positions = try embeddings.scope("position_embedding").parameter(
            "weight", [c.maxPositionEmbeddings, c.hiddenSize], .normal(deviation: 0.1))
        layers = try (0..<c.numHiddenLayers).map {
            try CLIPEncoderLayer(
                root.scope("encoder").scope("layers", $0), width: c.hiddenSize, heads: c.numAttentionHeads,
                intermediate: c.intermediateSize, activation: c.hiddenAct, epsilon: c.layerNormEps, causal: true)
        }
        norm = try LayerNormalization(root.scope("final_layer_norm"), c.hiddenSize, epsilon: c.layerNormEps)
        try parameters.requireAllUsed()
    }

    /// Weights by the names that this model has, from a file of any version of transformers: version 5 leaves out the
    /// prefix, and old ones kept the positions, counted from zero, among the weights.
    public static func canonical(_ tensors: [String: Tensor]) -> [String: Tensor] {
        let bare = tensors.keys.allSatisfy { !$0.hasPrefix("text_model.") }
        var result = bare ? Dictionary(uniqueKeysWithValues: tensors.map { ("text_model.\($0)", $1) }) : tensors
        result["text_model.embeddings.position_ids"] = nil
        return result
    }

    /// Makes every state zero, from where training can still go on: for a network that has attended to zeros so far.
    public func silence() {
        for name in ["text_model.final_layer_norm.weight", "text_model.final_layer_norm.bias"] {
            guard let tensor = parameters.tensors[name] else { continue }
            tensor.pointer.update(repeating: 0, count: tensor.count)
        }
    }

    /// Makes the first layer add the mean of all words so far to each, and the others nothing: where training begins. The
    /// last state of a text then says which words it has. Random layers that learn from the first step with a whole
    /// network drown the words within some hundred steps: all states become one.
    public func startAsMeans() {
        let first = "text_model.encoder.layers.0.self_attn."
        for (name, variable) in parameters.all {
            let tensor = variable.value
            if name.hasPrefix(first) {
                // Equal scores for all places: queries and keys say nothing.
                tensor.pointer.update(repeating: 0, count: tensor.count)
                guard name == "\(first)v_proj.weight" || name == "\(first)out_proj.weight" else { continue }
                // The mean is over the marks of start and end as well; its part in the sum makes up for them.
                let share: Float = name.hasSuffix("out_proj.weight") ? 2 : 1
                for i in 0..<tensor.shape[0] { tensor.pointer[i * tensor.shape[1] + i] = share }
            } else if name.contains(".self_attn.out_proj.") || name.contains(".mlp.fc2.") {
                tensor.pointer.update(repeating: 0, count: tensor.count)
            }
        }
    }

    /// What the names of its layers' weights begin with.
    public static let layersPrefix = "text_model.encoder."

    /// The states after the last norm (transformers' `last_hidden_state`), [N, L, `hiddenSize`].
    /// - Parameter tokens: N texts of one length L of at most `maxPositionEmbeddings`, each token below `vocabSize`.
    public func callAsFunction(_ tokens: [[Int]]) -> Variable {
        let length = tokens.first?.count ?? 0, width = configuration.hiddenSize
        precondition(
            (1...configuration.maxPositionEmbeddings).contains(length) && tokens.allSatisfy { $0.count == length },
            "Diffusion: texts of \(tokens.map(\.count)) tokens for \(configuration.maxPositionEmbeddings) positions")
        let places = Array(repeating: Array(0..<length), count: tokens.count).flatMap { $0 }
        let embedded = self.tokens.rows(at: tokens.flatMap { $0 }) + positions.rows(at: places)
        var x = embedded.reshaped([tokens.count, length, width])
        for layer in layers { x = layer(x) }
        return norm(x)
    }

    /// What texts say to a network.
    public func embedding(of tokens: [[Int]]) -> TextEmbedding {
        let states = self(tokens)
        return TextEmbedding(states: states, pooled: pooled(states, of: tokens))
    }

    /// The state at the end of each text (transformers' `pooler_output`), [N, `hiddenSize`].
    /// - Parameters:
    ///   - states: what the model made of `tokens`.
    ///   - tokens: N texts of one length.
    public func pooled(_ states: Variable, of tokens: [[Int]]) -> Variable {
        let length = states.shape[1], end = configuration.eosTokenId
        let rows = tokens.enumerated().map { i, text in
            let largest = end == 2 ? text.max() : end
            return i * length + (text.firstIndex { $0 == largest } ?? 0)
        }
        return states.reshaped([tokens.count * length, configuration.hiddenSize]).rows(at: rows)
    }
}
