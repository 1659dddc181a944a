import Glibc

/// The DCT of 8x8 blocks (ITU-T T.81, A.3.3) in floating point, orthonormal: coefficients are JPEG's dequantised ones.
struct BlockTransform {
    /// `basis[frequency * 8 + position]`
    private let basis: [Float]

    init() {
        basis = (0..<64).map { index in
            let (frequency, position) = (index / 8, index % 8)
            let scale = frequency == 0 ? (1.0 / 8).squareRoot() : 0.5
            return Float(scale * cos(Double(2 * position + 1) * Double(frequency) * .pi / 16))
        }
    }

    /// Samples around 0 from coefficients, both row by row.
    func samples(_ coefficients: [Float]) -> [Float] { applied(coefficients) { basis[$1 * 8 + $0] } }

    /// Coefficients from samples around 0.
    func coefficients(_ samples: [Float]) -> [Float] { applied(samples) { basis[$0 * 8 + $1] } }

    /// `M X M^T` with `M = matrix(row, column)`.
    private func applied(_ block: [Float], matrix: (_ row: Int, _ column: Int) -> Float) -> [Float] {
        precondition(block.count == 64, "a block has 64 values")
        var half = [Float](repeating: 0, count: 64)
        var result = half
        for row in 0..<8 {
            for inner in 0..<8 {
                let weight = matrix(row, inner)
                for column in 0..<8 { half[row * 8 + column] += weight * block[inner * 8 + column] }
            }
        }
        for column in 0..<8 {
            for inner in 0..<8 {
                let weight = matrix(column, inner)
                for row in 0..<8 { result[row * 8 + column] += weight * half[row * 8 + inner] }
            }
        }
        return result
    }
}
