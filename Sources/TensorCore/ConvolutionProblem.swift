/// One convolution to compute: its shape and what of it is wanted. What a plan is looked up by.
public struct ConvolutionProblem: Hashable, Codable, Sendable {
    /// What is computed. Inference and training differ: weights that stay the same may be prepared once.
    public enum Direction: String, Codable, CaseIterable, Sendable {
        case inference
        case training
        /// The gradient at the input.
        case data
        /// The gradients at weights and bias.
        case weights
    }

    public var direction: Direction
    /// [N, C, H, W]
    public var input: [Int]
    /// [O, C, kh, kw]
    public var weights: [Int]
    public var stride: Int
    public var padding: Int

    public init(_ direction: Direction, input: [Int], weights: [Int], options: Convolution.Options) {
        self.direction = direction
        self.input = input
        self.weights = weights
        stride = options.stride
        padding = options.padding
    }

    public var options: Convolution.Options { .init(stride: stride, padding: padding) }

    /// Pixels of the input, over the whole batch.
    var pixels: Int { input[0] * input[2] * input[3] }

    /// Whether every number can be that of a convolution; for problems that come from a file.
    var isSound: Bool {
        guard input.count == 4, weights.count == 4, (input + weights).allSatisfy({ (1...1 << 16).contains($0) }),
            (1...64).contains(stride), (0...64).contains(padding), input[1] == weights[1]
        else { return false }
        return input[2] + 2 * padding >= weights[2] && input[3] + 2 * padding >= weights[3]
    }

    /// Sorts plans: by direction, then by shape.
    var order: [Int] {
        [Direction.allCases.firstIndex(of: direction) ?? 0] + input + weights + [stride, padding]
    }
}

/// The ways to compute a convolution.
public enum ConvolutionAlgorithm: String, Codable, CaseIterable, Sendable {
    /// oneDNN's direct kernels; takes every shape.
    case direct = "onednn-direct"
    /// oneDNN's Winograd kernels: x86-64 with AVX-512 alone, and gone in oneDNN 3.2.
    case libraryWinograd = "onednn-winograd"
    /// Our Winograd kernels: windows of 3x3, stride 1, padding 1.
    case winograd
    /// A matrix product: windows of 1x1, stride 1, no padding.
    case product = "gemm"

    /// Whether the algorithm is made for such a shape. oneDNN may still refuse its Winograd.
    package func covers(_ problem: ConvolutionProblem) -> Bool {
        let window = [problem.weights[2], problem.weights[3], problem.stride, problem.padding]
        return switch self {
        case .direct: true
        case .libraryWinograd: window == [3, 3, 1, 1]
        case .winograd: window == [3, 3, 1, 1]
        case .product: window == [1, 1, 1, 0]
        }
    }
}
