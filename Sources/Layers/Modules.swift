import Autograd
import TensorCore

/// A convolution with bias: [N, in, H, W] to [N, out, H', W'].
public struct Convolution2D {
    let weights: Variable, bias: Variable
    let options: Convolution.Options
    private let prepared = PreparedWeights()

    /// - Parameters:
    ///   - scope: where the layer's weights are.
    ///   - input: channels that come in.
    ///   - output: channels that go out.
    ///   - kernel: side of the window.
    ///   - stride: pixels from one window to the next.
    ///   - padding: zeros around the input.
    ///   - zero: starts as zero, weights and bias, so that the layer adds nothing until it has learnt.
    public init(
        _ scope: ParameterScope, _ input: Int, _ output: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
        zero: Bool = false
    ) throws {
        let start: Initializer = zero ? .zeros : .uniform(fanIn: input * kernel * kernel)
        weights = try scope.parameter("weight", [output, input, kernel, kernel], start)
        bias = try scope.parameter("bias", [output], start)
        options = .init(stride: stride, padding: padding)
    }

    /// - Parameters:
    ///   - x: [N, in, H, W].
    ///   - channels: a further bias [N, out] of each image.
    ///   - adding: added to the result, of its shape.
    public func callAsFunction(_ x: Variable, channels: Variable? = nil, adding: Variable? = nil) -> Variable {
        x.convolved(
            weights: weights, bias: bias, options: options, channels: channels, adding: adding, prepared: prepared)
    }
}

/// y = x Wᵀ + b over the last axis.
public struct Linear {
    let weights: Variable, bias: Variable?

    public init(_ scope: ParameterScope, _ input: Int, _ output: Int, bias: Bool = true, zero: Bool = false) throws {
        let start: Initializer = zero ? .zeros : .uniform(fanIn: input)
        weights = try scope.parameter("weight", [output, input], start)
        self.bias = bias ? try scope.parameter("bias", [output], start) : nil
    }

    /// - Parameters:
    ///   - x: [..., in].
    ///   - adding: added to the result, of its shape.
    public func callAsFunction(_ x: Variable, adding: Variable? = nil) -> Variable {
        x.linear(weights: weights, bias: bias, adding: adding)
    }
}

/// GroupNorm over axis 1, optionally with SiLU in the same pass.
public struct GroupNormalization {
    let gamma: Variable, beta: Variable
    let groups: Int, epsilon: Float, silu: Bool

    public init(_ scope: ParameterScope, _ channels: Int, groups: Int, epsilon: Float, silu: Bool) throws {
        gamma = try scope.parameter("weight", [channels], .ones)
        beta = try scope.parameter("bias", [channels], .zeros)
        self.groups = groups
        self.epsilon = epsilon
        self.silu = silu
    }

    public func callAsFunction(_ x: Variable) -> Variable {
        x.groupNormalized(gamma: gamma, beta: beta, groups: groups, epsilon: epsilon, silu: silu)
    }
}

/// LayerNorm over the last axis.
public struct LayerNormalization {
    let gamma: Variable, beta: Variable
    let epsilon: Float

    public init(_ scope: ParameterScope, _ width: Int, epsilon: Float = 1e-5) throws {
        gamma = try scope.parameter("weight", [width], .ones)
        beta = try scope.parameter("bias", [width], .zeros)
        self.epsilon = epsilon
    }

    public func callAsFunction(_ x: Variable) -> Variable {
        x.layerNormalized(gamma: gamma, beta: beta, epsilon: epsilon)
    }
}
