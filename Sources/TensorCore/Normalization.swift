import CKernels

/// GroupNorm (Wu and He 2018) over [N, C, ...], optionally followed by SiLU in the same pass.
public enum GroupNorm {
    /// What the backward pass needs of the forward one.
    public struct Statistics {
        let mean: Tensor, rstd: Tensor
    }

    /// y = γ (x - μ) / √(σ² + ε) + β per group of channels, then SiLU if asked for. `gamma` and `beta` are [C].
    public static func forward(
        _ x: Tensor, gamma: Tensor, beta: Tensor, groups: Int, epsilon: Float, silu: Bool
    ) -> (Tensor, Statistics) {
        let (batch, channels) = (x.shape[0], x.shape[1])
        require(
            channels % groups == 0 && gamma.shape == [channels] && beta.shape == [channels],
            "TensorCore: group norm of \(x.shape) in \(groups) groups, scale \(gamma.shape)")
        let y = Tensor(uninitialized: x.shape)
        let statistics = Statistics(
            mean: Tensor(uninitialized: [batch, groups]), rstd: Tensor(uninitialized: [batch, groups]))
        rk_group_norm(
            x.pointer, gamma.pointer, beta.pointer, y.pointer, statistics.mean.pointer, statistics.rstd.pointer,
            Int64(batch), Int64(channels), Int64(x.shape.dropFirst(2).reduce(1, *)), Int64(groups), epsilon,
            silu ? 1 : 0)
        return (y, statistics)
    }

    /// Gradients at x, γ and β.
    public static func backward(
        _ x: Tensor, gamma: Tensor, beta: Tensor, statistics: Statistics, gradient dy: Tensor, silu: Bool
    ) -> (Tensor, Tensor, Tensor) {
        x.requireSameShape(as: dy, "group norm backward")
        let (batch, channels, groups) = (x.shape[0], x.shape[1], statistics.mean.shape[1])
        let dx = Tensor(uninitialized: x.shape)
        let dgamma = Tensor(uninitialized: gamma.shape), dbeta = Tensor(uninitialized: beta.shape)
        let partial = Tensor(uninitialized: [2, batch, channels])
        rk_group_norm_backward(
            x.pointer, gamma.pointer, beta.pointer, statistics.mean.pointer, statistics.rstd.pointer, dy.pointer,
            dx.pointer, dgamma.pointer, dbeta.pointer, partial.pointer, Int64(batch), Int64(channels),
            Int64(x.shape.dropFirst(2).reduce(1, *)), Int64(groups), silu ? 1 : 0)
        return (dx, dgamma, dbeta)
    }
}

/// LayerNorm (Ba et al. 2016) over the last axis.
public enum LayerNorm {
    public struct Statistics {
        let mean: Tensor, rstd: Tensor
    }

    /// `x` is [..., D]; `gamma` and `beta` are [D].
    public static func forward(
        _ x: Tensor, gamma: Tensor, beta: Tensor, epsilon: Float
    ) -> (Tensor, Statistics) {
        let width = x.shape.last ?? 1, rows = x.count / max(width, 1)
        require(
            gamma.shape == [width] && beta.shape == [width],
            "TensorCore: layer norm of \(x.shape) with scale \(gamma.shape)")
        let y = Tensor(uninitialized: x.shape)
        let statistics = Statistics(mean: Tensor(uninitialized: [rows]), rstd: Tensor(uninitialized: [rows]))
        rk_layer_norm(
            x.pointer, gamma.pointer, beta.pointer, y.pointer, statistics.mean.pointer, statistics.rstd.pointer,
            Int64(rows), Int64(width), epsilon)
        return (y, statistics)
    }

    /// Gradients at x, γ and β.
    public static func backward(
        _ x: Tensor, gamma: Tensor, statistics: Statistics, gradient dy: Tensor
    ) -> (Tensor, Tensor, Tensor) {
        x.requireSameShape(as: dy, "layer norm backward")
        let width = x.shape.last ?? 1
        let dx = Tensor(uninitialized: x.shape)
        let dgamma = Tensor(uninitialized: gamma.shape), dbeta = Tensor(uninitialized: gamma.shape)
        rk_layer_norm_backward(
            x.pointer, gamma.pointer, statistics.mean.pointer, statistics.rstd.pointer, dy.pointer, dx.pointer,
            dgamma.pointer, dbeta.pointer, Int64(x.count / max(width, 1)), Int64(width))
        return (dx, dgamma, dbeta)
    }
}

/// Softmax over the last axis.
public enum Softmax {
    public static func forward(_ x: Tensor) -> Tensor {
        let y = Tensor(uninitialized: x.shape), width = x.shape.last ?? 1
        rk_softmax(x.pointer, y.pointer, Int64(x.count / max(width, 1)), Int64(width))
        return y
    }

    /// Overwrites the first `rows` rows of [R, D].
    static func inPlace(_ x: Tensor, rows: Int) {
        x.noteChange()
        rk_softmax(x.pointer, x.pointer, Int64(rows), Int64(x.shape[1]))
    }

    /// The gradient at the input, from the output `y` of the forward pass.
    public static func backward(_ y: Tensor, gradient dy: Tensor) -> Tensor {
        y.requireSameShape(as: dy, "softmax backward")
        let dx = Tensor(uninitialized: y.shape), width = y.shape.last ?? 1
        rk_softmax_backward(y.pointer, dy.pointer, dx.pointer, Int64(y.count / max(width, 1)), Int64(width))
        return dx
    }
}
