import Glibc

extension NaiveTensor {
    /// Mean and biased variance of a range of elements.
    private func moments(_ range: Range<Int>) -> (mean: Double, variance: Double) {
        let slice = values[range], n = Double(range.count)
        let mean = slice.reduce(0, +) / n
        return (mean, slice.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n)
    }

    /// γ[c] (x - μ) / √(σ² + ε) + β[c], with μ and σ² of each image's group of channels; x is [N, C, ...].
    public func groupNormalized(
        gamma: NaiveTensor, beta: NaiveTensor, groups: Int, epsilon: Double, silu: Bool
    ) -> NaiveTensor {
        var y = self
        let channels = shape[1], inner = shape.dropFirst(2).reduce(1, *), size = channels / groups * inner
        for group in 0..<(shape[0] * groups) {
            let range = group * size..<(group + 1) * size
            let (mean, variance) = moments(range)
            for i in range {
                let channel = i / inner % channels
                y.values[i] =
                    gamma.values[channel] * (values[i] - mean) / (variance + epsilon).squareRoot()
                    + beta.values[channel]
            }
        }
        return silu ? y.silu() : y
    }

    /// The same with μ and σ² of each row of the last axis, and γ, β along it.
    public func layerNormalized(gamma: NaiveTensor, beta: NaiveTensor, epsilon: Double) -> NaiveTensor {
        var y = self
        let width = gamma.count
        for row in 0..<(count / width) {
            let range = row * width..<(row + 1) * width
            let (mean, variance) = moments(range)
            for i in range {
                y.values[i] =
                    gamma.values[i % width] * (values[i] - mean) / (variance + epsilon).squareRoot()
                    + beta.values[i % width]
            }
        }
        return y
    }

    /// e^x / Σ e^x over the last axis.
    public func softmax() -> NaiveTensor {
        var y = self
        let width = shape.last ?? 1
        for row in 0..<(count / width) {
            let range = row * width..<(row + 1) * width
            let peak = values[range].max() ?? 0
            let total = values[range].reduce(0) { $0 + exp($1 - peak) }
            for i in range { y.values[i] = exp(values[i] - peak) / total }
        }
        return y
    }
}
