import Autograd
import Layers
import TensorCore

/// Two normalised convolutions around the time embedding, with a shortcut (diffusers' `ResnetBlock2D`).
struct ResidualBlock {
    private let norm1: GroupNormalization, norm2: GroupNormalization
    private let conv1: Convolution2D, conv2: Convolution2D
    private let shortcut: Convolution2D?
    private let timeProjection: Linear?

    /// - Parameters:
    ///   - time: width of the time embedding; nil for a block without one, as in an autoencoder.
    ///   - zero: starts as the shortcut alone.
    init(
        _ scope: ParameterScope, _ input: Int, _ output: Int, time: Int?, groups: Int, epsilon: Float,
        zero: Bool = false
    ) throws {
        norm1 = try GroupNormalization(scope.scope("norm1"), input, groups: groups, epsilon: epsilon, silu: true)
        conv1 = try Convolution2D(scope.scope("conv1"), input, output, kernel: 3, padding: 1)
        timeProjection = try time.map { try Linear(scope.scope("time_emb_proj"), $0, output) }
        norm2 = try GroupNormalization(scope.scope("norm2"), output, groups: groups, epsilon: epsilon, silu: true)
        conv2 = try Convolution2D(scope.scope("conv2"), output, output, kernel: 3, padding: 1, zero: zero)
        shortcut =
            input == output ? nil : try Convolution2D(scope.scope("conv_shortcut"), input, output, kernel: 1)
    }

    /// x [N, input, H, W] and SiLU(time) [N, T] to [N, output, H, W].
    func callAsFunction(_ x: Variable, time: Variable? = nil) -> Variable {
        let offsets = timeProjection.map { projection in
            guard let time else { preconditionFailure("Diffusion: a residual block needs its time embedding") }
            return projection(time)
        }
        let hidden = conv1(norm1(x), channels: offsets)
        return conv2(norm2(hidden), adding: shortcut?(x) ?? x)
    }
}
