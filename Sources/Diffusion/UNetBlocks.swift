import Autograd
import Layers
import TensorCore

/// Two normalised convolutions around the time embedding, with a shortcut (diffusers' `ResnetBlock2D`).
struct ResidualBlock {
    private let norm1: GroupNormalization, norm2: GroupNormalization
    private let conv1: Convolution2D, conv2: Convolution2D
    private let shortcut: Convolution2D?
    private let timeProjection: Linear

    init(_ scope: ParameterScope, _ input: Int, _ output: Int, time: Int, groups: Int, epsilon: Float) throws {
        norm1 = try GroupNormalization(scope.scope("norm1"), input, groups: groups, epsilon: epsilon, silu: true)
        conv1 = try Convolution2D(scope.scope("conv1"), input, output, kernel: 3, padding: 1)
        timeProjection = try Linear(scope.scope("time_emb_proj"), time, output)
        norm2 = try GroupNormalization(scope.scope("norm2"), output, groups: groups, epsilon: epsilon, silu: true)
        conv2 = try Convolution2D(scope.scope("conv2"), output, output, kernel: 3, padding: 1)
        shortcut =
            input == output ? nil : try Convolution2D(scope.scope("conv_shortcut"), input, output, kernel: 1)
    }

    /// x [N, input, H, W] and SiLU(time) [N, T] to [N, output, H, W].
    func callAsFunction(_ x: Variable, time: Variable) -> Variable {
        let hidden = conv1(norm1(x)).addingAlongChannels(timeProjection(time))
        return (shortcut?(x) ?? x) + conv2(norm2(hidden))
    }
}

/// Self-attention over all positions of a feature map (diffusers' `Attention` with a group norm).
struct SpatialAttention {
    private let norm: GroupNormalization
    private let query: Linear, key: Linear, value: Linear, output: Linear
    private let heads: Int

    init(_ scope: ParameterScope, _ channels: Int, headDim: Int, groups: Int, epsilon: Float) throws {
        norm = try GroupNormalization(
            scope.scope("group_norm"), channels, groups: groups, epsilon: epsilon, silu: false)
        query = try Linear(scope.scope("to_q"), channels, channels)
        key = try Linear(scope.scope("to_k"), channels, channels)
        value = try Linear(scope.scope("to_v"), channels, channels)
        output = try Linear(scope.scope("to_out", 0), channels, channels)
        heads = channels / headDim
    }

    /// x [N, C, H, W] plus what each position gathered from all others.
    func callAsFunction(_ x: Variable) -> Variable {
        let (batch, channels, length) = (x.shape[0], x.shape[1], x.shape[2] * x.shape[3])
        let tokens = norm(x).reshaped([batch, channels, length]).transposed()
        let mixed = Variable.attention(
            queries: split(query(tokens)), keys: split(key(tokens)), values: split(value(tokens)))
        let joined = mixed.transposed().reshaped([batch, channels, length]).transposed()
        return x + output(joined).transposed().reshaped(x.shape)
    }

    /// [N, L, C] to [N · heads, L, C / heads].
    private func split(_ x: Variable) -> Variable {
        let (batch, length, channels) = (x.shape[0], x.shape[1], x.shape[2])
        return x.transposed().reshaped([batch * heads, channels / heads, length]).transposed()
    }
}

/// A resolution level: residual blocks, each followed by self-attention where the level has it.
struct Level {
    let residuals: [ResidualBlock]
    let attentions: [SpatialAttention]

    init(
        _ scope: ParameterScope, inputs: [Int], output: Int, time: Int, attention: Bool, _ c: UNetConfiguration
    ) throws {
        residuals = try inputs.enumerated().map { i, input in
            try ResidualBlock(
                scope.scope("resnets", i), input, output, time: time, groups: c.normNumGroups, epsilon: c.normEps)
        }
        attentions =
            attention
            ? try inputs.indices.map { i in
                try SpatialAttention(
                    scope.scope("attentions", i), output, headDim: c.attentionHeadDim, groups: c.normNumGroups,
                    epsilon: c.normEps)
            } : []
    }

    /// Runs block `i` of the level.
    func callAsFunction(_ i: Int, _ x: Variable, time: Variable) -> Variable {
        let hidden = residuals[i](x, time: time)
        return attentions.isEmpty ? hidden : attentions[i](hidden)
    }
}
