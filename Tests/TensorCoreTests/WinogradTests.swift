import CKernels
import Testing

/// Our Winograd convolution against the direct sum in double precision. Serial, since the number of threads is one for
/// the whole process.
@Suite(.serialized) struct WinogradTests {
    /// Batch, input channels, output channels, height, width: one tile and less than one, sizes and channels that do
    /// not fill their vectors, few tiles (shared) and many (blocks, several chunks of the gradient), channels in
    /// several parts, and so many that the blocks no longer fit the cache.
    static let shapes: [[Int64]] = [
        [1, 1, 1, 1, 1], [1, 3, 5, 4, 4], [2, 7, 9, 5, 7], [5, 48, 56, 2, 3], [3, 20, 33, 9, 6], [2, 17, 40, 13, 11],
        [1, 24, 16, 30, 70], [1, 8, 8, 1, 130], [2, 72, 64, 32, 32], [2, 80, 72, 6, 6], [1, 240, 40, 34, 38],
        [1, 136, 40, 13, 14],
    ]

    @Test(arguments: shapes) func everyDirectionAgreesWithTheDirectSum(_ sizes: [Int64]) {
        let problem = Problem(sizes)
        let expected = problem.directly()
        for fresh in [false, true] {
            let result = problem.byWinograd(fresh: fresh)
            #expect(relativeError(result.output, expected.output) < 1e-5)
            #expect(relativeError(result.inputGradient, expected.inputGradient) < 1e-5)
            #expect(relativeError(result.weightGradient, expected.weightGradient) < 1e-5)
            #expect(relativeError(result.biasGradient, expected.biasGradient) < 1e-6)
            #expect(result.workspaceIntact)
        }
    }

    @Test(arguments: shapes) func anyNumberOfThreadsAndFreshWeightsGiveTheSameBits(_ sizes: [Int64]) {
        let threads = rk_threads()
        defer { rk_set_threads(threads) }
        let problem = Problem(sizes)
        rk_set_threads(1)
        let expected = problem.byWinograd(fresh: false)
        for count in [Int32](1...5) {
            rk_set_threads(count)
            #expect(problem.byWinograd(fresh: false) == expected)
            #expect(problem.byWinograd(fresh: true) == expected)
        }
    }

    @Test func missingBiasIsZero() {
        var problem = Problem([2, 16, 24, 6, 10])
        problem.bias = Array(repeating: 0, count: 24)
        let expected = problem.byWinograd(fresh: true)
        problem.hasBias = false
        let result = problem.byWinograd(fresh: true)
        #expect(result == expected)
    }

    @Test(arguments: shapes) func biasesOfEachImageAndAnAddendAreAddedOnTheWay(_ sizes: [Int64]) {
        var problem = Problem(sizes)
        problem.biasPerImage = true
        problem.bias = (0..<sizes[0] * sizes[2]).map { Float($0 % 17) - 8 }
        problem.addend = problem.outputGradient.map { 1 - $0 }
        let expected = problem.directly()
        for fresh in [false, true] {
            #expect(relativeError(problem.byWinograd(fresh: fresh).output, expected.output) < 1e-5)
        }
    }

    @Test func emptyBatchGivesZeroGradients() {
        let result = Problem([0, 16, 16, 8, 8]).byWinograd(fresh: true)
        #expect(result.output.isEmpty)
        #expect(result.weightGradient == Array(repeating: 0, count: 16 * 16 * 9))
        #expect(result.biasGradient == Array(repeating: 0, count: 16))
    }
}

/// The largest difference, relative to the largest expected magnitude; infinite where a value is not a number.
private func relativeError(_ values: [Float], _ expected: [Double]) -> Double {
    let scale = expected.reduce(0) { max($0, abs($1)) }
    let error = zip(values, expected).reduce(0.0) { worst, pair in
        let difference = abs(Double(pair.0) - pair.1)
        return difference.isNaN ? .infinity : max(worst, difference)
    }
    return scale > 0 ? error / scale : error
}

private struct Results<Scalar: Equatable>: Equatable {
    var output, inputGradient, weightGradient, biasGradient: [Scalar]
    var workspaceIntact = true
}

private struct Problem {
    var shape: rk_winograd_shape
    var input, weights, bias, outputGradient: [Float]
    var hasBias = true, biasPerImage = false
    /// What is added to the output; nothing where it is empty.
    var addend: [Float] = []

    init(_ sizes: [Int64]) {
        shape = rk_winograd_shape(
            batch: sizes[0], in_channels: sizes[1], out_channels: sizes[2], height: sizes[3], width: sizes[4])
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        // Sums of uniform numbers: near enough to normal ones, zero mean and unit variance.
        func numbers(_ count: Int64) -> [Float] {
            (0..<count).map { _ in
                (0..<12).reduce(Float(-6)) { sum, _ in
                    state ^= state << 13
                    state ^= state >> 7
                    state ^= state << 17
                    return sum + Float(state >> 40) / 16_777_216
                }
            }
        }
        let pixels = sizes[0] * sizes[3] * sizes[4]
        input = numbers(pixels * sizes[1])
        weights = numbers(sizes[1] * sizes[2] * 9)
        bias = numbers(sizes[2])
        outputGradient = numbers(pixels * sizes[2])
    }

    func byWinograd(fresh: Bool) -> Results<Float> {
        var s = shape
        var result = Results(
            output: [Float](repeating: .nan, count: outputGradient.count),
            inputGradient: [Float](repeating: .nan, count: input.count),
            weightGradient: [Float](repeating: .nan, count: weights.count),
            biasGradient: [Float](repeating: .nan, count: bias.count))
        var intact = true
        // What an earlier call left behind must not matter (NaN), and nothing may be written past the end (guard).
        func withWorkspace(_ operation: rk_winograd_operation, _ body: (UnsafeMutablePointer<Float>) -> Void) {
            let count = rk_winograd_workspace_size(&s, operation)
            var workspace = [Float](repeating: .nan, count: count) + [Float](repeating: 7, count: 64)
            workspace.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
            intact = intact && workspace[count...].allSatisfy { $0 == 7 }
        }
        func transformed(_ operation: rk_winograd_operation) -> [Float] {
            var values = [Float](repeating: .nan, count: rk_winograd_weights_size(&s, operation))
            rk_winograd_transform_weights(&s, operation, weights, &values)
            return values
        }
        let forward = fresh ? weights : transformed(RK_WINOGRAD_FORWARD)
        let backward = fresh ? weights : transformed(RK_WINOGRAD_BACKWARD_DATA)
        withWorkspace(fresh ? RK_WINOGRAD_FORWARD_FRESH : RK_WINOGRAD_FORWARD) { workspace in
            bias.withUnsafeBufferPointer { bias in
                addend.withUnsafeBufferPointer { addend in
                    var tail = rk_winograd_tail(
                        bias: hasBias ? bias.baseAddress : nil,
                        bias_stride: biasPerImage ? shape.out_channels : 0,
                        addend: addend.isEmpty ? nil : addend.baseAddress)
                    (fresh ? rk_winograd_forward_fresh : rk_winograd_forward)(
                        &s, input, forward, &tail, &result.output, workspace)
                }
            }
        }
        withWorkspace(fresh ? RK_WINOGRAD_BACKWARD_DATA_FRESH : RK_WINOGRAD_BACKWARD_DATA) { workspace in
            (fresh ? rk_winograd_backward_data_fresh : rk_winograd_backward_data)(
                &s, outputGradient, backward, &result.inputGradient, workspace)
        }
        withWorkspace(RK_WINOGRAD_BACKWARD_WEIGHTS) { workspace in
            rk_winograd_backward_weights(
                &s, input, outputGradient, &result.weightGradient, &result.biasGradient, workspace)
        }
        result.workspaceIntact = intact
        return result
    }

    func directly() -> Results<Double> {
        let c = Int(shape.in_channels), o = Int(shape.out_channels), h = Int(shape.height), w = Int(shape.width)
        var result = Results(
            output: [Double](repeating: 0, count: outputGradient.count),
            inputGradient: [Double](repeating: 0, count: input.count),
            weightGradient: [Double](repeating: 0, count: weights.count),
            biasGradient: [Double](repeating: 0, count: bias.count))
        for image in 0..<Int(shape.batch) {
            for output in 0..<o {
                let target = (image * o + output) * h * w
                for pixel in target..<target + h * w {
                    result.output[pixel] =
                        Double(bias[biasPerImage ? image * o + output : output])
                        + (addend.isEmpty ? 0 : Double(addend[pixel]))
                    result.biasGradient[output] += Double(outputGradient[pixel])
                }
                for channel in 0..<c {
                    let source = (image * c + channel) * h * w
                    for tap in 0..<9 {
                        let weight = (output * c + channel) * 9 + tap
                        accumulate(
                            &result, tap: tap, weight: weight, source: source, target: target, height: h, width: w)
                    }
                }
            }
        }
        return result
    }

    /// One tap of one window over one plane.
    private func accumulate(
        _ result: inout Results<Double>, tap: Int, weight: Int, source: Int, target: Int, height: Int, width: Int
    ) {
        let dy = tap / 3 - 1, dx = tap % 3 - 1, factor = Double(weights[weight])
        var sum = 0.0
        for y in max(0, -dy)..<max(0, -dy, min(height, height - dy)) {
            for x in max(0, -dx)..<max(0, -dx, min(width, width - dx)) {
                let to = target + y * width + x, from = source + (y + dy) * width + x + dx
                result.output[to] += factor * Double(input[from])
                result.inputGradient[from] += factor * Double(outputGradient[to])
                sum += Double(input[from]) * Double(outputGradient[to])
            }
        }
        result.weightGradient[weight] += sum
    }
}
