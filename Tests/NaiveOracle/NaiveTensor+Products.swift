extension NaiveTensor {
    /// y[n, o, i, j] = bias[o] + Σ x[n, c, i s - p + k, j s - p + l] w[o, c, k, l], x being 0 outside.
    public func convolved(weights: NaiveTensor, bias: NaiveTensor?, stride: Int, padding: Int) -> NaiveTensor {
        let (kernelHeight, kernelWidth) = (weights.shape[2], weights.shape[3])
        let height = (shape[2] + 2 * padding - kernelHeight) / stride + 1
        let width = (shape[3] + 2 * padding - kernelWidth) / stride + 1
        var y = NaiveTensor(shape: [shape[0], weights.shape[0], height, width])
        for n in 0..<shape[0] {
            for o in 0..<weights.shape[0] {
                for i in 0..<height {
                    for j in 0..<width {
                        var total = bias?.values[o] ?? 0
                        for k in 0..<kernelHeight {
                            let row = i * stride - padding + k
                            guard row >= 0, row < shape[2] else { continue }
                            for l in 0..<kernelWidth {
                                let column = j * stride - padding + l
                                guard column >= 0, column < shape[3] else { continue }
                                for c in 0..<shape[1] { total += self[n, c, row, column] * weights[o, c, k, l] }
                            }
                        }
                        y[n, o, i, j] = total
                    }
                }
            }
        }
        return y
    }

    /// scale · op(a) op(b) for each of B pairs of matrices.
    public func matrixProduct(
        _ b: NaiveTensor, transposeA: Bool = false, transposeB: Bool = false, scale: Double = 1
    ) -> NaiveTensor {
        let (m, k) = transposeA ? (shape[2], shape[1]) : (shape[1], shape[2])
        let n = transposeB ? b.shape[1] : b.shape[2]
        var y = NaiveTensor(shape: [shape[0], m, n])
        for batch in 0..<shape[0] {
            for i in 0..<m {
                for j in 0..<n {
                    var total = 0.0
                    for l in 0..<k {
                        let left = transposeA ? l * m + i : i * k + l
                        let right = transposeB ? j * k + l : l * n + j
                        total += values[batch * m * k + left] * b.values[batch * k * n + right]
                    }
                    y.values[(batch * m + i) * n + j] = scale * total
                }
            }
        }
        return y
    }

    /// x Wᵀ + b over the last axis.
    public func linear(weights: NaiveTensor, bias: NaiveTensor?) -> NaiveTensor {
        let (output, input) = (weights.shape[0], weights.shape[1]), rows = count / input
        var y = NaiveTensor(shape: shape.dropLast() + [output])
        for r in 0..<rows {
            for o in 0..<output {
                var total = bias?.values[o] ?? 0
                for i in 0..<input { total += values[r * input + i] * weights.values[o * input + i] }
                y.values[r * output + o] = total
            }
        }
        return y
    }
}
