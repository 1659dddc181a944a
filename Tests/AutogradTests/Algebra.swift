import Autograd
import NaiveOracle
import TensorCore

/// What a network is made of. A function written over this protocol runs twice: as `Variable`s, whose gradients are
/// under test, and in double precision as `NaiveTensor`s, for finite differences.
protocol Algebra {
    static func + (a: Self, b: Self) -> Self
    static func - (a: Self, b: Self) -> Self
    static func * (a: Self, b: Self) -> Self
    func scaled(_ factor: Double) -> Self
    func silu() -> Self
    func gelu() -> Self
    func gatedGELU() -> Self
    func reshaped(_ shape: [Int]) -> Self
    func squaredError(to target: NaiveTensor, weight: NaiveTensor?, divisor: Double) -> Self
    func meanSquaredError(to other: Self) -> Self

    func convolved(_ weights: Self, _ bias: Self?, stride: Int, padding: Int) -> Self
    /// With a bias [N, O] of each image and a tensor of the result's shape added.
    func convolved(_ weights: Self, _ bias: Self, channels: Self, adding: Self, padding: Int) -> Self
    func matrixProduct(_ other: Self, transposeA: Bool, transposeB: Bool, scale: Double) -> Self
    func linear(_ weights: Self, _ bias: Self?, adding: Self?) -> Self

    func groupNormalized(_ gamma: Self, _ beta: Self, groups: Int, silu: Bool) -> Self
    func layerNormalized(_ gamma: Self, _ beta: Self) -> Self
    func softmax() -> Self
    static func attention(_ queries: Self, _ keys: Self, _ values: Self) -> Self

    func addingAlongChannels(_ bias: Self) -> Self
    static func concatenated(_ parts: [Self]) -> Self
    func transposed() -> Self
    func upsampledNearest2() -> Self
    func averagePooled2() -> Self
    func spaceToDepth(_ factor: Int) -> Self
    func depthToSpace(_ factor: Int) -> Self
}

/// ε of the norms under test.
let epsilon = 1e-5

extension Algebra {
    func linear(_ weights: Self, _ bias: Self?) -> Self { linear(weights, bias, adding: nil) }
}

extension Variable: Algebra {
    func scaled(_ factor: Double) -> Variable { self * Float(factor) }
    func silu() -> Variable { activated(.silu) }
    func gelu() -> Variable { activated(.gelu) }
    func squaredError(to target: NaiveTensor, weight: NaiveTensor?, divisor: Double) -> Variable {
        weightedSquaredError(to: Tensor(target), weight: weight.map { Tensor($0) }, divisor: divisor)
    }
    func convolved(_ weights: Variable, _ bias: Variable?, stride: Int, padding: Int) -> Variable {
        convolved(weights: weights, bias: bias, options: .init(stride: stride, padding: padding))
    }
    func convolved(
        _ weights: Variable, _ bias: Variable, channels: Variable, adding: Variable, padding: Int
    ) -> Variable {
        convolved(weights: weights, bias: bias, options: .init(padding: padding), channels: channels, adding: adding)
    }
    func matrixProduct(_ other: Variable, transposeA: Bool, transposeB: Bool, scale: Double) -> Variable {
        matrixProduct(other, transposeA: transposeA, transposeB: transposeB, scale: Float(scale))
    }
    func linear(_ weights: Variable, _ bias: Variable?, adding: Variable?) -> Variable {
        linear(weights: weights, bias: bias, adding: adding)
    }
    func groupNormalized(_ gamma: Variable, _ beta: Variable, groups: Int, silu: Bool) -> Variable {
        groupNormalized(gamma: gamma, beta: beta, groups: groups, epsilon: Float(epsilon), silu: silu)
    }
    func layerNormalized(_ gamma: Variable, _ beta: Variable) -> Variable {
        layerNormalized(gamma: gamma, beta: beta, epsilon: Float(epsilon))
    }
    static func attention(_ queries: Variable, _ keys: Variable, _ values: Variable) -> Variable {
        attention(queries: queries, keys: keys, values: values)
    }
}

extension NaiveTensor: Algebra {
    func scaled(_ factor: Double) -> NaiveTensor { self * factor }
    func gatedGELU() -> NaiveTensor {
        let width = (shape.last ?? 0) / 2
        var y = NaiveTensor(shape: shape.dropLast() + [width])
        let gates = gelu()
        for i in 0..<y.count {
            let first = i / width * 2 * width + i % width
            y.values[i] = values[first] * gates.values[first + width]
        }
        return y
    }
    func squaredError(to target: NaiveTensor, weight: NaiveTensor?, divisor: Double) -> NaiveTensor {
        NaiveTensor([weightedSquaredError(to: target, weight: weight) / divisor], shape: [])
    }
    func meanSquaredError(to other: NaiveTensor) -> NaiveTensor {
        squaredError(to: other, weight: nil, divisor: Double(count))
    }
    func convolved(_ weights: NaiveTensor, _ bias: NaiveTensor?, stride: Int, padding: Int) -> NaiveTensor {
        convolved(weights: weights, bias: bias, stride: stride, padding: padding)
    }
    func convolved(
        _ weights: NaiveTensor, _ bias: NaiveTensor, channels: NaiveTensor, adding: NaiveTensor, padding: Int
    ) -> NaiveTensor {
        convolved(weights: weights, bias: bias, stride: 1, padding: padding).addingAlongChannels(channels) + adding
    }
    func linear(_ weights: NaiveTensor, _ bias: NaiveTensor?, adding: NaiveTensor?) -> NaiveTensor {
        let y = linear(weights: weights, bias: bias)
        return adding.map { y + $0 } ?? y
    }
    func groupNormalized(_ gamma: NaiveTensor, _ beta: NaiveTensor, groups: Int, silu: Bool) -> NaiveTensor {
        groupNormalized(gamma: gamma, beta: beta, groups: groups, epsilon: epsilon, silu: silu)
    }
    func layerNormalized(_ gamma: NaiveTensor, _ beta: NaiveTensor) -> NaiveTensor {
        layerNormalized(gamma: gamma, beta: beta, epsilon: epsilon)
    }
    static func attention(_ queries: NaiveTensor, _ keys: NaiveTensor, _ values: NaiveTensor) -> NaiveTensor {
        let scale = 1 / Double(queries.shape[2]).squareRoot()
        let scores = queries.matrixProduct(keys, transposeB: true, scale: scale)
        return scores.softmax().matrixProduct(values)
    }
}

extension Tensor {
    /// The engine's copy of an oracle's tensor.
    init(_ naive: NaiveTensor) { self.init(naive.floats, shape: naive.shape) }
}
