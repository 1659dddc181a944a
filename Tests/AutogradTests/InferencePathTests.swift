import Autograd
import NaiveOracle
import TensorCore
import Testing

/// Without a tape several operations become one; the numbers must be those of the recorded ones.
@Suite("Inference path")
struct InferencePathTests {
    private func variable(_ shape: [Int], seed: UInt64, tape: Bool) -> Variable {
        Variable(Tensor(NaiveTensor(random: shape, seed: seed).floats, shape: shape), requiresGradient: tape)
    }

    private func deviation(_ a: Variable, _ b: Variable) -> Double {
        Deviation.relative(a.value.values, NaiveTensor(b.value.values.map(Double.init), shape: b.shape))
    }

    @Test(
        "a convolution with biases of each image and an addend",
        arguments: [(16, 3, 1), (5, 3, 1), (5, 1, 1), (6, 3, 2)])
    func convolution(_ channels: Int, _ kernel: Int, _ stride: Int) {
        let prepared = PreparedWeights()
        func result(tape: Bool) -> Variable {
            let x = variable([2, channels, 8, 6], seed: 1, tape: tape)
            let w = variable([channels, channels, kernel, kernel], seed: 2, tape: tape)
            let options = Convolution.Options(stride: stride, padding: kernel / 2)
            let shape = Convolution.outputShape(x.shape, weights: w.shape, options: options)
            return x.convolved(
                weights: w, bias: variable([channels], seed: 3, tape: tape), options: options,
                channels: variable([2, channels], seed: 4, tape: tape), adding: variable(shape, seed: 5, tape: tape),
                prepared: prepared)
        }
        let recorded = result(tape: true)
        for _ in 0..<2 { #expect(deviation(result(tape: false), recorded) < 5e-6) }
        // The addend gets the gradient as it is.
        let addend = variable([2, 5, 8, 6], seed: 6, tape: true)
        let y = variable([2, 5, 8, 6], seed: 1, tape: false).convolved(
            weights: variable([5, 5, 1, 1], seed: 2, tape: false), bias: nil, options: .init(), adding: addend)
        y.backward()
        #expect(addend.gradient?.values.allSatisfy { $0 == 1 } == true)
    }

    @Test("attention of several heads, to itself and to a longer context")
    func attention() {
        for source in [7, 19] {
            func result(tape: Bool) -> Variable {
                Variable.attention(
                    queries: variable([2, 7, 12], seed: 1, tape: tape),
                    keys: variable([2, source, 12], seed: 2, tape: tape),
                    values: variable([2, source, 12], seed: 3, tape: tape), heads: 3)
            }
            #expect(deviation(result(tape: false), result(tape: true)) < 5e-6)
        }
    }

    @Test("a linear layer and a gate, with and without a bias", arguments: [[1, 1, 2], [2, 5, 14], [3, 50, 66]])
    func feedForward(_ shape: [Int]) {
        for bias in [true, false] {
            func result(tape: Bool) -> Variable {
                variable(shape, seed: 1, tape: tape).linear(
                    weights: variable([2 * shape[2], shape[2]], seed: 2, tape: tape),
                    bias: bias ? variable([2 * shape[2]], seed: 3, tape: tape) : nil
                ).gatedGELU()
            }
            #expect(result(tape: false).shape == shape)
            #expect(deviation(result(tape: false), result(tape: true)) < 5e-6)
        }
    }
}
