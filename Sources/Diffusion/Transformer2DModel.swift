import Autograd
import Layers
import TensorCore

/// Transformer blocks over the positions of a feature map, which attend to each other and to the text (diffusers'
/// `Transformer2DModel`; Rombach et al. 2022).
struct Transformer2DModel {
    private let norm: GroupNormalization
    private let blocks: [BasicTransformerBlock]
    private let projection: Projection

    private enum Projection {
        /// 1x1 convolutions, as Stable Diffusion 1 has them.
        case convolution(Convolution2D, Convolution2D)
        /// The same as linear layers, as Stable Diffusion 2 has them.
        case linear(Linear, Linear)
    }

    /// - Parameter text: width of the text states.
    init(
        _ scope: ParameterScope, _ channels: Int, heads: Int, layers: Int, text: Int, groups: Int, linear: Bool
    ) throws {
        // diffusers fixes this epsilon, whatever the configuration's norm_eps.
        norm = try GroupNormalization(scope.scope("norm"), channels, groups: groups, epsilon: 1e-6, silu: false)
        let (first, last) = (scope.scope("proj_in"), scope.scope("proj_out"))
        let input = linear ? nil : try Convolution2D(first, channels, channels, kernel: 1)
        let inputLinear = linear ? try Linear(first, channels, channels) : nil
        blocks = try (0..<layers).map {
            try BasicTransformerBlock(scope.scope("transformer_blocks", $0), channels, heads: heads, text: text)
        }
        // The output projection starts at zero: put into a trained network, the block changes nothing at first.
        if let input {
            projection = .convolution(input, try Convolution2D(last, channels, channels, kernel: 1, zero: true))
        } else if let inputLinear {
            projection = .linear(inputLinear, try Linear(last, channels, channels, zero: true))
        } else {
            preconditionFailure("Diffusion: a transformer has one kind of projection")
        }
    }

    /// x [N, C, H, W] plus what its positions gathered from each other and from `text` [N, L, D].
    func callAsFunction(_ x: Variable, text: Variable) -> Variable {
        let flat = [x.shape[0], x.shape[1], x.shape[2] * x.shape[3]]
        let normalized = norm(x)
        switch projection {
        case .convolution(let first, let last):
            var tokens = first(normalized).reshaped(flat).transposed()
            for block in blocks { tokens = block(tokens, text: text) }
            return last(tokens.transposed().reshaped(x.shape), adding: x)
        case .linear(let first, let last):
            var tokens = first(normalized.reshaped(flat).transposed())
            for block in blocks { tokens = block(tokens, text: text) }
            return x + last(tokens).transposed().reshaped(x.shape)
        }
    }
}

/// Self-attention, attention to the text, and a gated feed-forward layer, each after a layer norm.
struct BasicTransformerBlock {
    private let norm1: LayerNormalization, norm2: LayerNormalization, norm3: LayerNormalization
    private let selfAttention: Attention, textAttention: Attention
    private let widening: Linear, narrowing: Linear

    init(_ scope: ParameterScope, _ width: Int, heads: Int, text: Int) throws {
        norm1 = try LayerNormalization(scope.scope("norm1"), width)
        selfAttention = try Attention(scope.scope("attn1"), width: width, context: width, heads: heads, bias: false)
        norm2 = try LayerNormalization(scope.scope("norm2"), width)
        textAttention = try Attention(scope.scope("attn2"), width: width, context: text, heads: heads, bias: false)
        norm3 = try LayerNormalization(scope.scope("norm3"), width)
        widening = try Linear(scope.scope("ff").scope("net", 0).scope("proj"), width, 8 * width)
        narrowing = try Linear(scope.scope("ff").scope("net", 2), 4 * width, width)
    }

    /// x [N, L, C], `text` [N, S, D].
    func callAsFunction(_ x: Variable, text: Variable) -> Variable {
        var x = selfAttention(norm1(x), adding: x)
        x = textAttention(norm2(x), context: text, adding: x)
        return narrowing(widening(norm3(x)).gatedGELU(), adding: x)
    }
}
