import Autograd
import NaiveOracle
import Testing

/// Each case is one rule of `Variable+*.swift`.
enum Rule: Differentiable, CaseIterable {
    case add, subtract, multiply, scale, silu, gelu, gatedGELU, reshape, squaredError, weightedSquaredError,
        meanSquaredError
    case channelBias, batchedChannelBias, concatenate, transpose, upsample, averagePool, spaceToDepth, depthToSpace
    case groupNorm, groupNormWithSiLU, layerNorm, softmax, attention

    var inputs: [[Int]] {
        switch self {
        case .add, .subtract, .multiply, .meanSquaredError: [[3, 19], [3, 19]]
        case .scale, .reshape, .squaredError, .weightedSquaredError: [[3, 19]]
        case .silu, .gelu: [[5, 37]]
        case .gatedGELU: [[2, 3, 14]]
        case .channelBias: [[2, 3, 5, 7], [3]]
        case .batchedChannelBias: [[2, 3, 5, 7], [2, 3]]
        case .concatenate: [[2, 3, 2, 3], [2, 1, 2, 3], [2, 2, 2, 3]]
        case .transpose: [[2, 5, 18]]
        case .upsample: [[2, 3, 3, 5]]
        case .averagePool: [[2, 3, 4, 10]]
        case .spaceToDepth: [[2, 2, 6, 9]]
        case .depthToSpace: [[2, 18, 2, 3]]
        case .groupNorm, .groupNormWithSiLU: [[2, 6, 5, 7], [6], [6]]
        case .layerNorm: [[2, 4, 19], [19], [19]]
        case .softmax: [[2, 3, 21]]
        case .attention: [[2, 5, 4], [2, 7, 4], [2, 7, 4]]
        }
    }

    var scale: Double {
        switch self {
        case .silu, .gelu, .softmax: 4
        default: 1
        }
    }

    func callAsFunction<T: Algebra>(_ x: [T]) -> T {
        switch self {
        case .add: x[0] + x[1]
        case .subtract: x[0] - x[1]
        case .multiply: x[0] * x[1]
        case .scale: x[0].scaled(-1.75)
        case .silu: x[0].silu()
        case .gelu: x[0].gelu()
        case .gatedGELU: x[0].gatedGELU()
        case .reshape: x[0].reshaped([19, 3])
        case .squaredError: x[0].squaredError(to: Self.target, weight: nil, divisor: 57)
        case .weightedSquaredError: x[0].squaredError(to: Self.target, weight: Self.weight, divisor: 7)
        case .meanSquaredError: x[0].meanSquaredError(to: x[1])
        case .channelBias, .batchedChannelBias: x[0].addingAlongChannels(x[1])
        case .concatenate: T.concatenated(x)
        case .transpose: x[0].transposed()
        case .upsample: x[0].upsampledNearest2()
        case .averagePool: x[0].averagePooled2()
        case .spaceToDepth: x[0].spaceToDepth(3)
        case .depthToSpace: x[0].depthToSpace(3)
        case .groupNorm: x[0].groupNormalized(x[1], x[2], groups: 3, silu: false)
        case .groupNormWithSiLU: x[0].groupNormalized(x[1], x[2], groups: 2, silu: true)
        case .layerNorm: x[0].layerNormalized(x[1], x[2])
        case .softmax: x[0].softmax()
        case .attention: T.attention(x[0], x[1], x[2])
        }
    }

    private static let target = NaiveTensor(random: [3, 19], seed: 5)
    private static let weight = NaiveTensor(random: [3, 19], seed: 6, scale: 0.5, around: 0.5)
}

/// Convolution at one kernel, stride and padding, with or without a bias.
struct ConvolutionRule: Differentiable {
    var kernel: Int, stride: Int, padding: Int, bias: Bool

    var inputs: [[Int]] { [[2, 3, 6, 7], [4, 3, kernel, kernel]] + (bias ? [[4]] : []) }

    func callAsFunction<T: Algebra>(_ x: [T]) -> T {
        x[0].convolved(x[1], bias ? x[2] : nil, stride: stride, padding: padding)
    }
}

/// Batched matrix product with the operands as given or transposed.
struct MatrixProductRule: Differentiable {
    var transposeA: Bool, transposeB: Bool

    var inputs: [[Int]] { [transposeA ? [2, 3, 5] : [2, 5, 3], transposeB ? [2, 4, 3] : [2, 3, 4]] }

    func callAsFunction<T: Algebra>(_ x: [T]) -> T {
        x[0].matrixProduct(x[1], transposeA: transposeA, transposeB: transposeB, scale: 0.6)
    }
}

/// A linear layer over the last of several axes.
struct LinearRule: Differentiable {
    var leading: [Int], bias: Bool, adding: Bool

    var inputs: [[Int]] { [leading + [5], [3, 5]] + (bias ? [[3]] : []) + (adding ? [leading + [3]] : []) }

    func callAsFunction<T: Algebra>(_ x: [T]) -> T {
        x[0].linear(x[1], bias ? x[2] : nil, adding: adding ? x[x.count - 1] : nil)
    }
}

@Suite("Gradients of every rule against finite differences")
struct RuleTests {
    @Test("rule", arguments: Rule.allCases)
    func rule(_ rule: Rule) { rule.checkGradients() }

    @Test("convolved", arguments: [1, 3, 5], [1, 2])
    func convolution(kernel: Int, stride: Int) {
        for padding in 0...2 {
            for bias in [false, true] {
                ConvolutionRule(kernel: kernel, stride: stride, padding: padding, bias: bias)
                    .checkGradients("padding \(padding), bias \(bias)")
            }
        }
    }

    /// Enough channels for the Winograd kernels.
    @Test("convolved with many channels")
    func manyChannels() {
        struct Many: Differentiable {
            let inputs = [[1, 16, 5, 6], [17, 16, 3, 3], [17]]
            func callAsFunction<T: Algebra>(_ x: [T]) -> T { x[0].convolved(x[1], x[2], stride: 1, padding: 1) }
        }
        Many().checkGradients(samples: 32)
    }

    @Test("convolved with what is added on the way, by each algorithm", arguments: [(5, 1), (5, 3), (16, 3)])
    func addends(channels: Int, kernel: Int) {
        struct Added: Differentiable {
            let inputs: [[Int]]
            func callAsFunction<T: Algebra>(_ x: [T]) -> T {
                x[0].convolved(x[1], x[2], channels: x[3], adding: x[4], padding: inputs[1][2] / 2)
            }
        }
        let (input, output) = ([2, channels, 5, 6], channels + 1)
        Added(
            inputs: [
                input, [output, channels, kernel, kernel], [output], [2, output], [2, output, 5, 6],
            ]
        ).checkGradients(samples: 32)
    }

    @Test("matrixProduct", arguments: [false, true], [false, true])
    func matrixProduct(transposeA: Bool, transposeB: Bool) {
        MatrixProductRule(transposeA: transposeA, transposeB: transposeB).checkGradients()
    }

    @Test("linear", arguments: [[], [4], [2, 3]], [false, true])
    func linear(_ leading: [Int], bias: Bool) {
        for adding in [false, true] {
            LinearRule(leading: leading.isEmpty ? [1] : leading, bias: bias, adding: adding)
                .checkGradients("adding \(adding)")
        }
    }

    /// The norms' backward sums run over blocks; this has several blocks and a tail.
    @Test("groupNormalized over more than one block")
    func largeGroupNorm() {
        struct Large: Differentiable {
            let inputs = [[1, 2, 37, 41], [2], [2]]
            func callAsFunction<T: Algebra>(_ x: [T]) -> T {
                x[0].groupNormalized(x[1], x[2], groups: 1, silu: true)
            }
        }
        Large().checkGradients(samples: 24)
    }
}
