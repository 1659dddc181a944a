import Glibc

extension NaiveTensor {
    public static func + (a: NaiveTensor, b: NaiveTensor) -> NaiveTensor { a.zipped(with: b, +) }
    public static func - (a: NaiveTensor, b: NaiveTensor) -> NaiveTensor { a.zipped(with: b, -) }
    public static func * (a: NaiveTensor, b: NaiveTensor) -> NaiveTensor { a.zipped(with: b, *) }
    public static func * (a: NaiveTensor, factor: Double) -> NaiveTensor { a.map { $0 * factor } }

    /// x / (1 + e^-x)
    public func silu() -> NaiveTensor { map { $0 / (1 + exp(-$0)) } }

    /// x Φ(x), with the C library's error function.
    public func gelu() -> NaiveTensor { map { 0.5 * $0 * erfc(-$0 / 2.0.squareRoot()) } }

    public var sum: Double { values.reduce(0, +) }
    public var sumOfSquares: Double { values.reduce(0) { $0 + $1 * $1 } }

    /// Σ w (a - b)²
    public func weightedSquaredError(to other: NaiveTensor, weight: NaiveTensor?) -> Double {
        let squares = zipped(with: other) { ($0 - $1) * ($0 - $1) }
        return (weight.map { squares * $0 } ?? squares).sum
    }
}
