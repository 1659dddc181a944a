import TensorCore
import Testing

/// Shapes that do not fit, that are empty, and that nobody has the memory for.
@Suite("Bad shapes")
struct BadShapeTests {
    @Test("empty tensors go through every operation and stay empty", arguments: [[0, 16, 4, 4], [2, 16, 0, 4]])
    func empty(_ shape: [Int]) {
        let x = Tensor(uninitialized: shape), one = Tensor(repeating: 1, shape: [16])
        let rows = x.reshaped([shape[0], 16, shape[2] * 4])
        #expect((x + x).count == 0 && (x * 2).count == 0 && x.activated(.silu).count == 0)
        #expect(x.sum == 0 && x.sumOfSquares == 0 && x.isFinite)
        #expect(Tensor.weightedSquaredError(x, x, weight: nil) == 0)
        #expect(x.addingAlongChannels(one).shape == shape && rows.transposed().count == 0)
        #expect(Tensor.concatenated([x, x]).shape == [shape[0], 32, shape[2], 4])
        #expect(x.split(channels: [4, 12]).map { $0.shape[1] } == [4, 12])
        #expect(x.upsampledNearest2().count == 0 && x.spaceToDepth(2).count == 0)
        #expect(x.summedOverInner().values.allSatisfy { $0 == 0 })
        let (y, statistics) = GroupNorm.forward(x, gamma: one, beta: one, groups: 4, epsilon: 1e-5, silu: true)
        let (dx, dgamma, dbeta) = GroupNorm.backward(
            x, gamma: one, beta: one, statistics: statistics, gradient: x, silu: true)
        #expect(y.shape == shape && dx.shape == shape)
        #expect((dgamma.values + dbeta.values).allSatisfy { $0 == 0 })
        #expect(Softmax.forward(rows).count == 0)
        #expect(MatrixProduct.batched(rows, rows, transposeB: true).values.allSatisfy { $0 == 0 })
    }

    @Test("a convolution of no images has no result and zero gradients", arguments: [1, 3])
    func emptyBatch(kernel: Int) {
        let x = Tensor(uninitialized: [0, 16, 4, 4]), weights = Tensor(repeating: 1, shape: [16, 16, kernel, kernel])
        let options = Convolution.Options(padding: kernel / 2)
        let y = Convolution.forward(x, weights: weights, bias: nil, options: options)
        #expect(y.shape == [0, 16, 4, 4])
        #expect(Convolution.backwardData(y, weights: weights, input: x.shape, options: options).count == 0)
        let (dw, db) = Convolution.backwardWeights(x, gradient: y, weights: weights.shape, options: options)
        #expect((dw.values + db.values).allSatisfy { $0 == 0 })
    }

    // Tests that may trap came with Swift 6.2.
    #if compiler(>=6.2)
        @Test("shapes that do not fit trap with both of them")
        func mismatch() async {
            let sum = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = Tensor(repeating: 1, shape: [2, 3]) + Tensor(repeating: 1, shape: [3, 2])
            }
            #expect(said(sum, "[2, 3] and [3, 2]"))
            let product = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = MatrixProduct.of(Tensor(repeating: 1, shape: [2, 3]), Tensor(repeating: 1, shape: [2, 3]))
            }
            #expect(said(product, "[1, 2, 3] and [1, 2, 3]"))
            let convolution = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = Convolution.forward(
                    Tensor(repeating: 1, shape: [1, 3, 8, 8]), weights: Tensor(repeating: 1, shape: [4, 5, 3, 3]),
                    bias: nil, options: .init(padding: 1))
            }
            #expect(said(convolution, "[1, 3, 8, 8] with weights [4, 5, 3, 3]"))
        }

        @Test("a tensor that no machine could hold traps with its shape")
        func absurd() async {
            let overflow = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = Tensor(uninitialized: [1 << 40, 1 << 40])
            }
            #expect(said(overflow, "no memory for a tensor of shape [1099511627776, 1099511627776]"))
            let large = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = Tensor(uninitialized: [1 << 50])
            }
            #expect(said(large, "no memory for a tensor of shape"))
            let negative = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = Tensor(uninitialized: [2, -1])
            }
            #expect(said(negative, "negative extent in shape [2, -1]"))
        }

        private func said(_ result: ExitTest.Result?, _ text: String) -> Bool {
            String(decoding: result?.standardErrorContent ?? [], as: UTF8.self).contains(text)
        }
    #endif
}
