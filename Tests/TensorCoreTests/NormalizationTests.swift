import NaiveOracle
import TensorCore
import Testing

@Suite("Normalization")
struct NormalizationTests {
    /// Shapes [N, C, ...] with their groups: one pixel, odd sizes, more than one block of the sums, one big group.
    static let groupShapes: [([Int], Int)] = [
        ([1, 2, 1, 1], 1), ([2, 6, 3, 5], 3), ([3, 16, 7, 1], 16), ([1, 4, 33, 37], 2), ([2, 8], 4), ([1, 3, 1500], 1),
    ]

    @Test("GroupNorm forward agrees with the definition, plain and with SiLU", arguments: groupShapes, [false, true])
    func groupNorm(_ shape: ([Int], Int), silu: Bool) {
        // Away from zero, so that a variance computed as E[x²] - E[x]² would lose digits.
        let x = NaiveTensor(random: shape.0, seed: 1, scale: 2, around: 5)
        let gamma = NaiveTensor(random: [shape.0[1]], seed: 2), beta = NaiveTensor(random: [shape.0[1]], seed: 3)
        let (y, _) = GroupNorm.forward(
            Tensor(x), gamma: Tensor(gamma), beta: Tensor(beta), groups: shape.1, epsilon: 1e-5, silu: silu)
        let expected = x.groupNormalized(gamma: gamma, beta: beta, groups: shape.1, epsilon: 1e-5, silu: silu)
        #expect(Deviation.relative(y.values, expected) < 5e-6)
    }

    @Test("GroupNorm keeps its digits far from zero")
    func groupNormFarFromZero() {
        let x = NaiveTensor(random: [1, 4, 32, 32], seed: 1, scale: 1, around: 1000)
        let ones = NaiveTensor(repeating: 1, shape: [4]), zeros = NaiveTensor(shape: [4])
        let (y, _) = GroupNorm.forward(
            Tensor(x), gamma: Tensor(ones), beta: Tensor(zeros), groups: 2, epsilon: 1e-5, silu: false)
        let expected = x.groupNormalized(gamma: ones, beta: zeros, groups: 2, epsilon: 1e-5, silu: false)
        // One unit in the last place of 1000 is 6e-5.
        #expect(Deviation.absolute(y.values, expected) < 3e-4)
    }

    @Test("LayerNorm forward agrees with the definition", arguments: [[1, 1], [3, 5], [2, 7, 33], [4, 1030], [64]])
    func layerNorm(_ shape: [Int]) {
        let width = shape.last ?? 1
        let x = NaiveTensor(random: shape, seed: 1, scale: 3, around: -2)
        let gamma = NaiveTensor(random: [width], seed: 2), beta = NaiveTensor(random: [width], seed: 3)
        let (y, _) = LayerNorm.forward(Tensor(x), gamma: Tensor(gamma), beta: Tensor(beta), epsilon: 1e-5)
        #expect(y.shape == shape)
        #expect(
            Deviation.relative(y.values, x.layerNormalized(gamma: gamma, beta: beta, epsilon: 1e-5)) < 5e-6)
    }

    @Test(
        "Softmax forward agrees with the definition", arguments: [[1, 1], [3, 5], [2, 4, 33], [7, 16], [2, 1025]])
    func softmax(_ shape: [Int]) {
        let x = NaiveTensor(random: shape, seed: 1, scale: 6)
        #expect(Deviation.relative(Softmax.forward(Tensor(x)).values, x.softmax(), floor: 1e-6) < 3e-6)
    }

    @Test("Softmax of huge numbers neither overflows nor gives less than one in all")
    func softmaxOfHugeNumbers() {
        let y = Softmax.forward(Tensor([3e38, 3e38, -3e38, 1e4, 1.0001e4, 0], shape: [2, 3]))
        #expect(y.values[0] == 0.5 && y.values[1] == 0.5)
        #expect(y.isFinite)
        #expect(abs(y.values[3] + y.values[4] + y.values[5] - 1) < 1e-6)
    }

    @Test("empty tensors pass through")
    func empty() {
        #expect(Softmax.forward(Tensor([], shape: [0, 5])).shape == [0, 5])
        #expect(Softmax.forward(Tensor([], shape: [4, 0])).shape == [4, 0])
        let one = Tensor(repeating: 1, shape: [4])
        let (y, statistics) = LayerNorm.forward(Tensor([], shape: [0, 4]), gamma: one, beta: one, epsilon: 1e-5)
        #expect(y.shape == [0, 4])
        let (dx, dgamma, _) = LayerNorm.backward(y, gamma: one, statistics: statistics, gradient: y)
        #expect(dx.count == 0 && dgamma.values == [0, 0, 0, 0])
        let (z, groupStatistics) = GroupNorm.forward(
            Tensor([], shape: [0, 4, 2]), gamma: one, beta: one, groups: 2, epsilon: 1e-5, silu: true)
        #expect(z.shape == [0, 4, 2])
        let (dz, dscale, _) = GroupNorm.backward(
            z, gamma: one, beta: one, statistics: groupStatistics, gradient: z, silu: true)
        #expect(dz.count == 0 && dscale.values == [0, 0, 0, 0])
    }
}
