import CKernels
import NaiveOracle
import TensorCore
import Testing

@Suite("Threads")
struct ThreadTests {
    /// Runs `body` with 1, 2 and 4 threads of the calling thread's pool (libgomp keeps the number for each thread).
    private func results(_ body: () -> [Tensor]) -> [[[UInt32]]] {
        let before = rk_threads()
        defer { rk_set_threads(before) }
        return [1, 2, 4].map { threads in
            rk_set_threads(Int32(threads))
            #expect(BLAS.threads == threads)
            return body().map(bits)
        }
    }

    private func expectSame(_ results: [[[UInt32]]], _ name: String) {
        #expect(results[0] == results[1], "\(name): 2 threads differ from 1")
        #expect(results[0] == results[2], "\(name): 4 threads differ from 1")
    }

    @Test("1, 2 and 4 threads give the same bytes: element-wise functions and reductions")
    func elementwise() {
        let a = Tensor(NaiveTensor(random: [100_003], seed: 1, scale: 5))
        let b = Tensor(NaiveTensor(random: [100_003], seed: 2, scale: 5))
        expectSame(
            results {
                let mixed = a.copy()
                mixed.accumulateInPlace(b, factor: 0.1)
                mixed.lerpInPlace(towards: a, factor: 0.3)
                return [
                    a + b, a - b, a * b, a * 0.1, a.activated(.silu), a.activated(.gelu), mixed,
                    a.activatedBackward(.silu, gradient: b), a.activatedBackward(.gelu, gradient: b),
                    Tensor.weightedSquaredErrorBackward(a, b, weight: a, factor: 0.1),
                    Tensor([Float(a.sum), Float(a.sumOfSquares)], shape: [2]),
                    Tensor([Float(Tensor.weightedSquaredError(a, b, weight: b))], shape: [1]),
                ]
            }, "element-wise")
    }

    @Test("1, 2 and 4 threads give the same bytes: channels and resampling")
    func layout() {
        let x = Tensor(NaiveTensor(random: [3, 12, 54, 50], seed: 1))
        let bias = Tensor(NaiveTensor(random: [3, 12], seed: 2))
        expectSame(
            results {
                [
                    x.addingAlongChannels(bias), x.summedOverInner(), x.summedOverOuter(), x.upsampledNearest2(),
                    x.averagePooled2(), x.upsampledNearest2Backward(), x.averagePooled2Backward(), x.spaceToDepth(2),
                    x.depthToSpace(2), x.reshaped([36, 54, 50]).transposed(),
                ]
            }, "layout")
    }

    @Test("1, 2 and 4 threads give the same bytes: normalisation, forward and backward")
    func normalization() {
        let x = Tensor(NaiveTensor(random: [3, 24, 37, 41], seed: 1))
        let dy = Tensor(NaiveTensor(random: [3, 24, 37, 41], seed: 2))
        let gamma = Tensor(NaiveTensor(random: [24], seed: 3)), beta = Tensor(NaiveTensor(random: [24], seed: 4))
        let rows = x.reshaped([72 * 37, 41]), rowGradient = dy.reshaped([72 * 37, 41])
        let scale = Tensor(NaiveTensor(random: [41], seed: 5))
        expectSame(
            results {
                let (y, statistics) = GroupNorm.forward(
                    x, gamma: gamma, beta: beta, groups: 8, epsilon: 1e-5, silu: true)
                let (dx, dgamma, dbeta) = GroupNorm.backward(
                    x, gamma: gamma, beta: beta, statistics: statistics, gradient: dy, silu: true)
                let (z, layer) = LayerNorm.forward(rows, gamma: scale, beta: scale, epsilon: 1e-5)
                let (dz, dscale, dshift) = LayerNorm.backward(
                    rows, gamma: scale, statistics: layer, gradient: rowGradient)
                let softmax = Softmax.forward(rows)
                return [
                    y, dx, dgamma, dbeta, z, dz, dscale, dshift, softmax,
                    Softmax.backward(softmax, gradient: rowGradient),
                ]
            }, "normalisation")
    }

    /// oneDNN makes a primitive for a number of threads; one that was kept from another number must not go wrong.
    @Test("Convolution stays right when the number of threads changes between calls", arguments: [1, 2])
    func convolution(stride: Int) {
        let before = rk_threads()
        defer { rk_set_threads(before) }
        let x = NaiveTensor(random: [2, 19, 12, 14], seed: 1), w = NaiveTensor(random: [21, 19, 3, 3], seed: 2)
        let expected = x.convolved(weights: w, bias: nil, stride: stride, padding: 1)
        let dy = NaiveTensor(random: expected.shape, seed: 3)
        let options = Convolution.Options(stride: stride, padding: 1)
        var gradients: [[Float]] = []
        for threads in [2, 1, 4, 2, 1] {
            rk_set_threads(Int32(threads))
            let y = Convolution.forward(Tensor(x), weights: Tensor(w), bias: nil, options: options, training: true)
            #expect(Deviation.relative(y.values, expected) < 5e-6, "\(threads) threads")
            let dw = Convolution.backwardWeights(
                Tensor(x), gradient: Tensor(dy), weights: w.shape, options: options
            ).weights
            gradients.append(dw.values)
        }
        let reference = NaiveTensor(gradients[1].map(Double.init), shape: w.shape)
        for gradient in gradients { #expect(Deviation.relative(gradient, reference) < 5e-6) }
    }
}
