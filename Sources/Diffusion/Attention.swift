import Autograd
import Layers
import TensorCore

/// Multi-head attention (Vaswani et al. 2017) with diffusers' names: `to_q`, `to_k`, `to_v`, `to_out.0`.
struct Attention {
    private let query: Linear, key: Linear, value: Linear, output: Linear
    private let heads: Int

    /// - Parameters:
    ///   - width: of the queries and of the result.
    ///   - context: width of what is attended to; `width` for self-attention.
    ///   - bias: whether queries, keys and values have one; the output always has.
    init(_ scope: ParameterScope, width: Int, context: Int, heads: Int, bias: Bool) throws {
        query = try Linear(scope.scope("to_q"), width, width, bias: bias)
        key = try Linear(scope.scope("to_k"), context, width, bias: bias)
        value = try Linear(scope.scope("to_v"), context, width, bias: bias)
        output = try Linear(scope.scope("to_out", 0), width, width)
        self.heads = heads
    }

    /// x [N, L, width] gathers from `context` [N, S, context width], or from itself: [N, L, width], plus `adding`.
    func callAsFunction(_ x: Variable, context: Variable? = nil, adding: Variable? = nil) -> Variable {
        let source = context ?? x
        return output(
            Variable.attention(queries: query(x), keys: key(source), values: value(source), heads: heads),
            adding: adding)
    }
}

/// Self-attention over all positions of a feature map (diffusers' `Attention` with a group norm).
struct SpatialAttention {
    private let norm: GroupNormalization
    private let attention: Attention

    init(_ scope: ParameterScope, _ channels: Int, headDim: Int, groups: Int, epsilon: Float) throws {
        norm = try GroupNormalization(
            scope.scope("group_norm"), channels, groups: groups, epsilon: epsilon, silu: false)
        attention = try Attention(scope, width: channels, context: channels, heads: channels / headDim, bias: true)
    }

    /// x [N, C, H, W] plus what each position gathered from all others.
    func callAsFunction(_ x: Variable) -> Variable {
        let tokens = norm(x).reshaped([x.shape[0], x.shape[1], x.shape[2] * x.shape[3]]).transposed()
        return x + attention(tokens).transposed().reshaped(x.shape)
    }
}
