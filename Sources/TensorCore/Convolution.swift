import COneDNN
import Synchronization

/// Two-dimensional convolution (cross-correlation, as in every framework), by the algorithm that the plan names.
public enum Convolution {
    /// Stride and zero padding, the same on both axes.
    public struct Options: Hashable, Sendable {
        public var stride: Int
        public var padding: Int

        public init(stride: Int = 1, padding: Int = 0) {
            self.stride = stride
            self.padding = padding
        }
    }

    /// Forgets all prepared primitives, for example when a run changes its shapes for good.
    public static func dropPrepared() { LibraryConvolution.dropPrepared() }

    /// [N, C, H, W] * [O, C, kh, kw] + bias + `adding` -> [N, O, H', W'], H' = (H + 2 padding - kh) / stride + 1.
    /// - Parameters:
    ///   - x: [N, C, H, W].
    ///   - weights: [O, C, kh, kw].
    ///   - bias: [O], or [N, O] for each image its own.
    ///   - options: stride and padding.
    ///   - adding: a tensor of the result's shape, added on the way.
    ///   - training: whether a backward pass will follow: oneDNN prepares for it.
    ///   - prepared: where weights that do not change keep their prepared form.
    public static func forward(
        _ x: Tensor, weights: Tensor, bias: Tensor?, options: Options, adding: Tensor? = nil, training: Bool = false,
        prepared: PreparedWeights? = nil
    ) -> Tensor {
        let output = outputShape(x.shape, weights: weights.shape, options: options)
        require(
            bias.map { $0.shape == [weights.shape[0]] || $0.shape == [x.shape[0], weights.shape[0]] } ?? true,
            "TensorCore: convolution bias \(bias?.shape ?? []) for weights \(weights.shape)")
        require(
            adding.map { $0.shape == output } ?? true,
            "TensorCore: convolution to \(output) with an addend of shape \(adding?.shape ?? [])")
        let y = Tensor(uninitialized: output)
        guard y.count > 0 else { return y }
        let problem = ConvolutionProblem(
            training ? .training : .inference, input: x.shape, weights: weights.shape, options: options)
        forward(
            problem, algorithm(for: problem), x, weights: weights, bias: bias, adding: adding, prepared: prepared,
            into: y)
        return y
    }

    /// The gradient at the input of shape `input`.
    public static func backwardData(
        _ dy: Tensor, weights: Tensor, input: [Int], options: Options
    ) -> Tensor {
        requireOutput(dy, input: input, weights: weights.shape, options: options)
        let dx = Tensor(uninitialized: input)
        guard dx.count > 0 else { return dx }
        let problem = ConvolutionProblem(.data, input: input, weights: weights.shape, options: options)
        backwardData(problem, algorithm(for: problem), dy, weights: weights, into: dx)
        return dx
    }

    /// Gradients at the weights of shape `weights` and at the bias.
    public static func backwardWeights(
        _ x: Tensor, gradient dy: Tensor, weights: [Int], options: Options
    ) -> (weights: Tensor, bias: Tensor) {
        requireOutput(dy, input: x.shape, weights: weights, options: options)
        guard x.count > 0 else {
            return (Tensor(repeating: 0, shape: weights), Tensor(repeating: 0, shape: [weights[0]]))
        }
        let dw = Tensor(uninitialized: weights), db = Tensor(uninitialized: [weights[0]])
        let problem = ConvolutionProblem(.weights, input: x.shape, weights: weights, options: options)
        backwardWeights(problem, algorithm(for: problem), x, gradient: dy, weights: dw, bias: db)
        return (dw, db)
    }

    /// The shape that `forward` returns; traps with both shapes when they do not fit.
    public static func outputShape(_ x: [Int], weights: [Int], options: Options) -> [Int] {
        require(
            x.count == 4 && weights.count == 4 && x[1] == weights[1] && !weights.contains(0) && options.stride > 0
                && options.padding >= 0,
            "TensorCore: convolution of \(x) with weights \(weights)")
        let height = (x[2] + 2 * options.padding - weights[2]) / options.stride + 1
        let width = (x[3] + 2 * options.padding - weights[3]) / options.stride + 1
        require(
            height > 0 && width > 0 && x[2] + 2 * options.padding >= weights[2]
                && x[3] + 2 * options.padding >= weights[3],
            "TensorCore: input \(x) is smaller than the convolution window \(weights)")
        return [x[0], weights[0], height, width]
    }

    private static func requireOutput(_ dy: Tensor, input: [Int], weights: [Int], options: Options) {
        let expected = outputShape(input, weights: weights, options: options)
        require(
            dy.shape == expected, "TensorCore: convolution gradient of shape \(dy.shape), expected \(expected)")
    }

    /// oneDNN's version and the instruction set that it uses, for logs and reports.
    public static var implementation: String {
        "oneDNN \(String(cString: refine_onednn_version())) \(String(cString: refine_onednn_isa()))"
    }
}

// The algorithms behind one face. Callers have checked the shapes.
extension Convolution {
    /// Whether the algorithm can compute the problem on this machine.
    package static func isAvailable(_ algorithm: ConvolutionAlgorithm, for problem: ConvolutionProblem) -> Bool {
        algorithm != .libraryWinograd || LibraryConvolution.isAvailable(algorithm, for: problem)
    }

    package static func forward(
        _ problem: ConvolutionProblem, _ algorithm: ConvolutionAlgorithm, _ x: Tensor, weights: Tensor, bias: Tensor?,
        adding: Tensor?, prepared: PreparedWeights?, into y: Tensor
    ) {
        var rest = bias
        switch algorithm {
        case .winograd:
            WinogradConvolution.forward(
                x, weights: weights, bias: bias, adding: adding, prepared: prepared, into: y)
            return
        case .product:
            PointwiseConvolution.forward(x, weights: weights, bias: bias, adding: adding, into: y)
            return
        case .direct, .libraryWinograd:
            let shared = bias?.shape.count == 1 ? bias : nil
            LibraryConvolution.call(algorithm, problem) {
                refine_conv_forward($0, x.pointer, weights.pointer, shared?.pointer, y.pointer)
            }
            if shared != nil { rest = nil }
        }
        if let rest { y.addAlongChannelsInPlace(rest) }
        if let adding { y.accumulateInPlace(adding) }
    }

    package static func backwardData(
        _ problem: ConvolutionProblem, _ algorithm: ConvolutionAlgorithm, _ dy: Tensor, weights: Tensor, into dx: Tensor
    ) {
        switch algorithm {
        case .winograd: WinogradConvolution.backwardData(dy, weights: weights, into: dx)
        case .product: PointwiseConvolution.backwardData(dy, weights: weights, into: dx)
        case .direct, .libraryWinograd:
            LibraryConvolution.call(algorithm, problem) {
                refine_conv_backward_data($0, dy.pointer, weights.pointer, dx.pointer)
            }
        }
    }

    package static func backwardWeights(
        _ problem: ConvolutionProblem, _ algorithm: ConvolutionAlgorithm, _ x: Tensor, gradient dy: Tensor,
        weights dw: Tensor, bias db: Tensor
    ) {
        switch algorithm {
        case .winograd: WinogradConvolution.backwardWeights(x, gradient: dy, weights: dw, bias: db)
        case .product: PointwiseConvolution.backwardWeights(x, gradient: dy, weights: dw, bias: db)
        case .direct, .libraryWinograd:
            LibraryConvolution.call(algorithm, problem) {
                refine_conv_backward_weights($0, x.pointer, dy.pointer, dw.pointer, db.pointer)
            }
        }
    }
}
