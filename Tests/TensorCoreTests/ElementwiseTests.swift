import NaiveOracle
import TensorCore
import Testing

@Suite("Element-wise functions and reductions")
struct ElementwiseTests {
    /// Around the 16 lanes, the 4096 of a summation block and the 16384 from which a second thread helps.
    static let counts = [0, 1, 15, 16, 17, 1000, 4097, 40_003]

    private func pair(_ count: Int) -> (NaiveTensor, NaiveTensor) {
        (NaiveTensor(random: [count], seed: 1, scale: 8), NaiveTensor(random: [count], seed: 2, scale: 8))
    }

    @Test("arithmetic agrees with the definition", arguments: counts)
    func arithmetic(_ count: Int) {
        let (a, b) = pair(count)
        #expect(Deviation.relative((Tensor(a) + Tensor(b)).values, a + b) < 1e-7)
        #expect(Deviation.relative((Tensor(a) - Tensor(b)).values, a - b) < 1e-7)
        #expect(Deviation.relative((Tensor(a) * Tensor(b)).values, a * b) < 1e-7)
        #expect(Deviation.relative((Tensor(a) * 0.375).values, a * 0.375) < 1e-7)
    }

    @Test("silu agrees with the definition", arguments: counts)
    func silu(_ count: Int) {
        let a = pair(count).0
        #expect(Deviation.absolute(Tensor(a).activated(.silu).values, a.silu()) < 2e-6)
    }

    @Test("gelu is the exact one", arguments: counts)
    func gelu(_ count: Int) {
        let a = pair(count).0
        // The tanh approximation is off by up to 5e-4.
        #expect(Deviation.absolute(Tensor(a).activated(.gelu).values, a.gelu()) < 2e-6)
    }

    @Test("activations of large numbers go to x or 0", arguments: [Tensor.Activation.silu, .gelu])
    func extremes(_ activation: Tensor.Activation) {
        let y = Tensor([-1e4, -200, -100, -40, 0, 40, 100, 1e4, 3e38], shape: [9]).activated(activation).values
        #expect(y[0...3].allSatisfy { abs($0) < 1e-5 })
        #expect(y[4] == 0)
        #expect(y[5...8].elementsEqual([40, 100, 1e4, 3e38]))
    }

    @Test("reductions agree with the definition", arguments: counts)
    func reductions(_ count: Int) {
        let (a, b) = pair(count), w = NaiveTensor(random: [count], seed: 3, scale: 0.5, around: 0.5)
        let tolerance = 1e-6 * Double(count + 1)
        #expect(abs(Tensor(a).sum - a.sum) < tolerance)
        #expect(abs(Tensor(a).sumOfSquares - a.sumOfSquares) < 20 * tolerance)
        #expect(
            abs(
                Tensor.weightedSquaredError(Tensor(a), Tensor(b), weight: nil)
                    - a.weightedSquaredError(to: b, weight: nil))
                < 50 * tolerance)
        #expect(
            abs(
                Tensor.weightedSquaredError(Tensor(a), Tensor(b), weight: Tensor(w))
                    - a.weightedSquaredError(to: b, weight: w)) < 50 * tolerance)
        let gradient = Tensor.weightedSquaredErrorBackward(Tensor(a), Tensor(b), weight: Tensor(w), factor: 0.5)
        #expect(Deviation.relative(gradient.values, (a - b) * w) < 1e-6)
    }

    @Test("a long sum of ones is exact")
    func longSum() {
        #expect(Tensor(repeating: 1, shape: [20_000_000]).sum == 20_000_000)
    }

    @Test("isFinite finds one bad number wherever it is", arguments: [Float.nan, .infinity, -.infinity])
    func finite(_ bad: Float) {
        for count in [1, 16, 37] {
            for position in 0..<count {
                var values = [Float](repeating: 3e38, count: count)
                #expect(Tensor(values, shape: [count]).isFinite)
                values[position] = bad
                #expect(!Tensor(values, shape: [count]).isFinite)
            }
        }
        #expect(Tensor([], shape: [0]).isFinite)
    }

    @Test("in-place functions change the tensor at hand")
    func inPlace() {
        let (a, b) = pair(37)
        let sum = Tensor(a)
        sum.accumulateInPlace(Tensor(b), factor: 0.5)
        #expect(Deviation.relative(sum.values, a + b * 0.5) < 1e-6)
        let mixed = Tensor(a)
        mixed.lerpInPlace(towards: Tensor(b), factor: 0.25)
        #expect(Deviation.relative(mixed.values, a * 0.75 + b * 0.25) < 1e-6)
        let copy = sum.copy()
        sum.copyInPlace(from: Tensor(b))
        #expect(sum.values == b.floats)
        #expect(Deviation.relative(copy.values, a + b * 0.5) < 1e-6, "a copy has storage of its own")
    }
}
