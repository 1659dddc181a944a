import TensorCore

/// The Fréchet distance between Gaussians fitted to two sets of features (Dowson and Landau 1982), as the FID of Heusel
/// et al., "GANs trained by a two time-scale update rule" (2017) uses it:
/// `|μ₁ - μ₂|² + tr Σ₁ + tr Σ₂ - 2 tr (Σ₁ Σ₂)^½`.
///
/// With factors `Σ = F Fᵀ` the last trace is the sum of the singular values of `F₁ᵀ F₂`: the square roots of the
/// eigenvalues of a symmetric matrix. Few samples are their own factor (`F = (X - μ)ᵀ / √(n - 1)`), so that a covariance
/// of less than full rank needs no regularisation; for many samples `F = Σ^½`.
public enum FrechetDistance {
    /// - Parameters:
    ///   - a: features of one set, [samples][width]; at least two samples.
    ///   - b: features of the other, of the same width.
    /// - Returns: nil where features are not finite.
    public static func between(_ a: [[Float]], _ b: [[Float]]) -> Double? {
        guard let first = Moments(a), let second = Moments(b) else { return nil }
        precondition(first.mean.count == second.mean.count, "Metrics: features of two widths")
        let shift = zip(first.mean, second.mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        let mixed = first.factor.product(second.factor, otherTransposed: true)
        let gram =
            mixed.rows < mixed.columns
            ? mixed.product(mixed, otherTransposed: true) : mixed.product(mixed, transposed: true)
        guard let eigen = gram.symmetricEigen(wantsVectors: false) else { return nil }
        // Rounding makes some that should be zero slightly negative.
        let overlap = eigen.values.reduce(0) { $0 + max($1, 0).squareRoot() }
        return shift + first.variance + second.variance - 2 * overlap
    }

    private struct Moments {
        let mean: [Double]
        /// tr Σ
        let variance: Double
        /// Fᵀ: Σ = factorᵀ factor, [samples or width, width].
        let factor: DoubleMatrix

        init?(_ features: [[Float]]) {
            precondition(features.count > 1, "Metrics: a covariance of \(features.count) samples")
            let (count, width) = (features.count, features[0].count)
            precondition(features.allSatisfy { $0.count == width }, "Metrics: features of several widths")
            var mean = [Double](repeating: 0, count: width)
            for row in features { for i in 0..<width { mean[i] += Double(row[i]) / Double(count) } }
            let scale = 1 / Double(count - 1).squareRoot()
            var centred: [Double] = []
            centred.reserveCapacity(count * width)
            for row in features { for i in 0..<width { centred.append((Double(row[i]) - mean[i]) * scale) } }
            guard centred.allSatisfy(\.isFinite) else { return nil }
            self.mean = mean
            variance = centred.reduce(0) { $0 + $1 * $1 }
            let samples = DoubleMatrix(rows: count, columns: width, values: centred)
            if count <= width {
                factor = samples
                return
            }
            guard let eigen = samples.product(samples, transposed: true).symmetricEigen(wantsVectors: true),
                var vectors = eigen.vectors
            else { return nil }
            for (row, value) in eigen.values.enumerated() {
                let root = max(value, 0).squareRoot()
                for i in (row * width)..<((row + 1) * width) { vectors.values[i] *= root }
            }
            factor = vectors
        }
    }
}
