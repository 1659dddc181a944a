import Foundation

/// The distance of CMMD (Jayasumana et al., "Rethinking FID: towards a better evaluation metric for image generation",
/// 2024) between two sets of embeddings: the squared maximum mean discrepancy with the Gaussian kernel of σ = 10, with
/// the diagonals, times 1000. Embeddings are divided by their lengths first.
public enum MaximumMeanDiscrepancy {
    private static let sigma = 10.0
    private static let scale = 1000.0

    /// - Parameters:
    ///   - a: embeddings of one set, [samples][width]; at least one.
    ///   - b: embeddings of the other, of the same width.
    public static func between(_ a: [[Float]], _ b: [[Float]]) -> Double {
        precondition(
            !a.isEmpty && !b.isEmpty && (a + b).allSatisfy { $0.count == a[0].count },
            "Metrics: embeddings of two widths, or none")
        let (x, y) = (a.map(unit), b.map(unit))
        return scale * (meanKernel(x, x) + meanKernel(y, y) - 2 * meanKernel(x, y))
    }

    private static func unit(_ vector: [Float]) -> [Double] {
        let length = vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        return vector.map { Double($0) / length }
    }

    private static func meanKernel(_ a: [[Double]], _ b: [[Double]]) -> Double {
        let gamma = 1 / (2 * sigma * sigma)
        var sum = 0.0
        for x in a {
            for y in b {
                var squares = 0.0
                for i in x.indices { squares += (x[i] - y[i]) * (x[i] - y[i]) }
                sum += exp(-gamma * squares)
            }
        }
        return sum / (Double(a.count) * Double(b.count))
    }
}
