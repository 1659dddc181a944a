import NaiveOracle
import TensorCore
import Testing

/// One shape of convolution: input [batch, input, height, width], weights [output, input, kernel, kernel].
struct ConvolutionCase: Sendable, CustomTestStringConvertible {
    var batch: Int, input: Int, output: Int, height: Int, width: Int, kernel: Int, stride: Int, padding: Int

    var x: NaiveTensor { NaiveTensor(random: [batch, input, height, width], seed: 1) }
    var weights: NaiveTensor { NaiveTensor(random: [output, input, kernel, kernel], seed: 2) }
    var bias: NaiveTensor { NaiveTensor(random: [output], seed: 3) }
    var options: Convolution.Options { .init(stride: stride, padding: padding) }

    var testDescription: String {
        "\(batch)x\(input)x\(height)x\(width) to \(output), kernel \(kernel), stride \(stride), padding \(padding)"
    }

    /// Every kernel with every stride and padding on an odd-sized input, then shapes picked for what they stress.
    static let all: [ConvolutionCase] = {
        var cases: [ConvolutionCase] = []
        for kernel in [1, 3, 5] {
            for stride in [1, 2] {
                for padding in [0, 1, 2] {
                    cases.append(
                        .init(
                            batch: 2, input: 3, output: 5, height: 7, width: 9, kernel: kernel, stride: stride,
                            padding: padding))
                }
            }
        }
        // Both sides of what our Winograd kernels cover: 16 channels and more, 3x3, stride 1, padding 1.
        for (input, output) in [(15, 16), (16, 15), (16, 16), (18, 33), (48, 20)] {
            for padding in [0, 1] {
                cases.append(
                    .init(
                        batch: 2, input: input, output: output, height: 5, width: 9, kernel: 3, stride: 1,
                        padding: padding))
            }
        }
        // Blocked channels, even sizes where stride 2 skips the last row, one pixel, a window as large as the input.
        cases.append(.init(batch: 1, input: 16, output: 32, height: 8, width: 8, kernel: 3, stride: 1, padding: 1))
        cases.append(.init(batch: 3, input: 17, output: 33, height: 8, width: 6, kernel: 3, stride: 2, padding: 1))
        cases.append(.init(batch: 1, input: 112, output: 64, height: 4, width: 4, kernel: 3, stride: 1, padding: 1))
        cases.append(.init(batch: 4, input: 1, output: 1, height: 1, width: 1, kernel: 1, stride: 1, padding: 0))
        cases.append(.init(batch: 1, input: 2, output: 3, height: 5, width: 5, kernel: 5, stride: 1, padding: 0))
        return cases
    }()
}

@Suite("Convolution")
struct ConvolutionTests {
    @Test(
        "forward agrees with the definition, with and without bias, for inference and training",
        arguments: ConvolutionCase.all)
    func forward(_ c: ConvolutionCase) {
        for bias in [nil, c.bias] {
            let expected = c.x.convolved(weights: c.weights, bias: bias, stride: c.stride, padding: c.padding)
            for training in [false, true] {
                let y = Convolution.forward(
                    Tensor(c.x), weights: Tensor(c.weights), bias: bias.map { Tensor($0) }, options: c.options,
                    training: training)
                #expect(y.shape == expected.shape)
                #expect(Deviation.relative(y.values, expected) < 2e-6)
            }
        }
    }

    /// ⟨dy, conv(x)⟩ = ⟨backwardData(dy), x⟩ holds for every x exactly when `backwardData` is the transposed map, and
    /// likewise for the weights; the unit vectors as x and w give every element.
    @Test("backward passes are the transposes of forward", arguments: ConvolutionCase.all)
    func backward(_ c: ConvolutionCase) {
        let output = Convolution.outputShape(c.x.shape, weights: c.weights.shape, options: c.options)
        let dy = NaiveTensor(random: output, seed: 4)
        let dx = Convolution.backwardData(
            Tensor(dy), weights: Tensor(c.weights), input: c.x.shape, options: c.options)
        let (dw, db) = Convolution.backwardWeights(
            Tensor(c.x), gradient: Tensor(dy), weights: c.weights.shape, options: c.options)
        #expect(dx.shape == c.x.shape && dw.shape == c.weights.shape && db.shape == c.bias.shape)
        for seed in 10..<14 as Range<UInt64> {
            let x = NaiveTensor(random: c.x.shape, seed: seed), w = NaiveTensor(random: c.weights.shape, seed: seed)
            let byInput = x.convolved(weights: c.weights, bias: nil, stride: c.stride, padding: c.padding)
            let byWeights = c.x.convolved(weights: w, bias: nil, stride: c.stride, padding: c.padding)
            let size = Double(dy.count).squareRoot() * Double(c.input * c.kernel * c.kernel).squareRoot()
            #expect(abs(byInput.dot(dy) - x.dot(naive(dx))) < 1e-5 * size)
            #expect(abs(byWeights.dot(dy) - w.dot(naive(dw))) < 1e-5 * size)
        }
        #expect(Deviation.relative(db.values, dy.summedOverInner().summedOverOuter()) < 2e-6)
    }

    @Test("a batch of zero gives an empty result and zero gradients", arguments: [3, 16])
    func emptyBatch(channels: Int) {
        let options = Convolution.Options(padding: 1)
        let x = Tensor([], shape: [0, channels, 4, 4])
        let weights = Tensor(NaiveTensor(random: [channels, channels, 3, 3], seed: 1))
        let y = Convolution.forward(x, weights: weights, bias: nil, options: options)
        #expect(y.shape == [0, channels, 4, 4])
        #expect(Convolution.backwardData(y, weights: weights, input: x.shape, options: options).shape == x.shape)
        let (dw, db) = Convolution.backwardWeights(x, gradient: y, weights: weights.shape, options: options)
        #expect(dw.values.allSatisfy { $0 == 0 } && db.values.allSatisfy { $0 == 0 })
    }

    private func naive(_ tensor: Tensor) -> NaiveTensor {
        NaiveTensor(tensor.values.map(Double.init), shape: tensor.shape)
    }
}
