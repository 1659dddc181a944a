import Autograd
import Layers
import TensorCore

/// A convolution with bias and ReLU: [N, in, H, W] to [N, out, H', W'].
struct RectifiedConvolution {
    private let weights: Tensor, bias: Tensor
    private let options: Convolution.Options

    init(
        _ scope: ParameterScope, _ input: Int, _ output: Int, kernel: Int, stride: Int = 1, padding: Int
    ) throws {
        weights = try scope.parameter("weight", [output, input, kernel, kernel], .zeros).value
        bias = try scope.parameter("bias", [output], .zeros).value
        options = .init(stride: stride, padding: padding)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
        let y = Convolution.forward(x, weights: weights, bias: bias, options: options)
        y.rectifyInPlace()
        return y
    }
}

/// A convolution without bias, batch normalisation by running statistics, and ReLU (torchvision's `BasicConv2d`). The
/// normalisation is folded into the weights: `w γ / √(σ² + ε)`, `β - μ γ / √(σ² + ε)`, with ε = 0.001.
struct NormalizedConvolution {
    private static let epsilon: Float = 0.001
    private let weights: Tensor, bias: Tensor
    private let stride: Int
    private let padding: (rows: Int, columns: Int)

    /// - Parameters:
    ///   - kernel: height and width.
    ///   - padding: rows and columns of zeros at each side.
    init(
        _ scope: ParameterScope, _ input: Int, _ output: Int, kernel: (Int, Int), stride: Int = 1,
        padding: (rows: Int, columns: Int) = (0, 0)
    ) throws {
        let filters = try scope.scope("conv").parameter("weight", [output, input, kernel.0, kernel.1], .zeros).value
        let norm = scope.scope("bn")
        let gamma = try norm.parameter("weight", [output], .ones).value
        let beta = try norm.parameter("bias", [output], .zeros).value
        let mean = try norm.parameter("running_mean", [output], .zeros).value
        let variance = try norm.parameter("running_var", [output], .ones).value
        weights = filters.copy()
        bias = beta.copy()
        let size = filters.count / output
        for channel in 0..<output {
            let factor = gamma.pointer[channel] / (variance.pointer[channel] + Self.epsilon).squareRoot()
            for i in (channel * size)..<((channel + 1) * size) { weights.pointer[i] *= factor }
            bias.pointer[channel] -= mean.pointer[channel] * factor
        }
        self.stride = stride
        self.padding = padding
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
        // The engine pads both axes alike.
        let same = padding.rows == padding.columns
        let input = same ? x : x.paddedWithZeros(rows: padding.rows, columns: padding.columns)
        let y = Convolution.forward(
            input, weights: weights, bias: bias,
            options: .init(stride: stride, padding: same ? padding.rows : 0))
        y.rectifyInPlace()
        return y
    }
}
