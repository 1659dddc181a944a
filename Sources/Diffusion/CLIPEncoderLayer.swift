import Autograd
import Layers
import TensorCore

/// The activation between the two layers of a CLIP feed-forward block.
public enum CLIPActivation: String, Codable, Sendable {
    /// x σ(1.702 x), the approximation that OpenAI's models were trained with.
    case quickGELU = "quick_gelu"
    case gelu

    func callAsFunction(_ x: Variable) -> Variable {
        switch self {
        case .quickGELU: (x * 1.702).activated(.silu) * (1 / 1.702)
        case .gelu: x.activated(.gelu)
        }
    }
}

/// One layer of CLIP's transformers (Radford et al. 2021; transformers' `CLIPEncoderLayer`): attention and a
/// feed-forward block, each after a layer norm and added to its input.
public struct CLIPEncoderLayer {
    private let norm1: LayerNormalization, norm2: LayerNormalization
    private let query: Linear, key: Linear, value: Linear, output: Linear
    private let first: Linear, second: Linear
    private let heads: Int, activation: CLIPActivation, causal: Bool

    /// - Parameters:
    ///   - scope: where the layer's weights are.
    ///   - width: of the states; a multiple of `heads`.
    ///   - heads: of the attention.
    ///   - intermediate: width within the feed-forward block.
    ///   - activation: of the feed-forward block.
    ///   - epsilon: of the layer norms.
    ///   - causal: whether a position sees only itself and those before it, as in the text model. The vision model sees
    ///     all.
    public init(
        _ scope: ParameterScope, width: Int, heads: Int, intermediate: Int, activation: CLIPActivation,
        epsilon: Float, causal: Bool
    ) throws {
        let attention = scope.scope("self_attn"), feedForward = scope.scope("mlp")
        norm1 = try LayerNormalization(scope.scope("layer_norm1"), width, epsilon: epsilon)
        query = try Linear(attention.scope("q_proj"), width, width)
        key = try Linear(attention.scope("k_proj"), width, width)
        value = try Linear(attention.scope("v_proj"), width, width)
        output = try Linear(attention.scope("out_proj"), width, width)
        norm2 = try LayerNormalization(scope.scope("layer_norm2"), width, epsilon: epsilon)
        first = try Linear(feedForward.scope("fc1"), width, intermediate)
        second = try Linear(feedForward.scope("fc2"), intermediate, width)
        self.heads = heads
        self.activation = activation
        self.causal = causal
    }

    /// States [N, L, width] to states of the same shape.
    public func callAsFunction(_ x: Variable) -> Variable {
        let normalized = norm1(x)
        let (queries, keys, values) = (split(query(normalized)), split(key(normalized)), split(value(normalized)))
        var scores = queries.matrixProduct(
            keys, transposeB: true, scale: 1 / Float(queries.shape[2]).squareRoot())
        if causal { scores = scores + Variable(Self.causalMask(scores.shape)) }
        let mixed = scores.softmax().matrixProduct(values)
        let joined = mixed.transposed().reshaped([x.shape[0], x.shape[2], x.shape[1]]).transposed()
        let attended = output(joined, adding: x)
        return second(activation(first(norm2(attended))), adding: attended)
    }

    /// [N, L, C] to [N · heads, L, C / heads].
    private func split(_ x: Variable) -> Variable {
        let (batch, length, channels) = (x.shape[0], x.shape[1], x.shape[2])
        return x.transposed().reshaped([batch * heads, channels / heads, length]).transposed()
    }

    /// Far below any score above the diagonal of every matrix of [B, L, L], zero elsewhere.
    private static func causalMask(_ shape: [Int]) -> Tensor {
        let mask = Tensor(repeating: 0, shape: shape), length = shape[2]
        for row in 0..<(shape[0] * length) {
            for column in (row % length + 1)..<max(length, row % length + 1) {
                mask.pointer[row * length + column] = -1e9
            }
        }
        return mask
    }
}
