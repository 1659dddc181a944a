/// A dense array of doubles in row-major order, for the engine's results to be compared with.
///
/// Everything in this module is written straight from the definitions, with loops over indices and no thought for
/// speed; it shares no code with the engine.
public struct NaiveTensor: Sendable {
    public var shape: [Int]
    public var values: [Double]

    /// Traps when the number of values is not the shape's product.
    public init(_ values: [Double], shape: [Int]) {
        precondition(values.count == shape.reduce(1, *), "\(values.count) values for shape \(shape)")
        self.shape = shape
        self.values = values
    }

    public init(repeating value: Double = 0, shape: [Int]) {
        self.init(Array(repeating: value, count: shape.reduce(1, *)), shape: shape)
    }

    /// Uniform in ±`scale` around `centre`, rounded to floats, so that engine and oracle start from the same numbers.
    public init(random shape: [Int], seed: UInt64, scale: Double = 1, around centre: Double = 0) {
        var state = seed
        self.init(repeating: 0, shape: shape)
        for i in values.indices {
            // SplitMix64 (Steele et al. 2014).
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            let unit = Double((z ^ (z >> 31)) >> 11) * 0x1p-53
            values[i] = Double(Float(centre + scale * (2 * unit - 1)))
        }
    }

    public var count: Int { values.count }

    /// The values as the engine takes them.
    public var floats: [Float] { values.map { Float($0) } }

    public func reshaped(_ shape: [Int]) -> NaiveTensor { NaiveTensor(values, shape: shape) }

    public func map(_ f: (Double) -> Double) -> NaiveTensor { NaiveTensor(values.map(f), shape: shape) }

    public func zipped(with other: NaiveTensor, _ f: (Double, Double) -> Double) -> NaiveTensor {
        precondition(shape == other.shape, "shapes \(shape) and \(other.shape)")
        return NaiveTensor(zip(values, other.values).map(f), shape: shape)
    }

    /// Σ a b
    public func dot(_ other: NaiveTensor) -> Double { zipped(with: other, *).values.reduce(0, +) }

    /// A four-axis element; the caller keeps inside.
    subscript(_ n: Int, _ c: Int, _ y: Int, _ x: Int) -> Double {
        get { values[((n * shape[1] + c) * shape[2] + y) * shape[3] + x] }
        set { values[((n * shape[1] + c) * shape[2] + y) * shape[3] + x] = newValue }
    }
}

/// How far an engine's result is from the oracle's.
public enum Deviation {
    /// The largest |a - b| in units of the largest |b| (or of 1 where that is smaller than `floor`).
    public static func relative(_ a: [Float], _ b: NaiveTensor, floor: Double = 1e-3) -> Double {
        precondition(a.count == b.count, "\(a.count) values against \(b.count)")
        let scale = Swift.max(b.values.map(abs).max() ?? 0, floor)
        return zip(a, b.values).reduce(0) { worst, pair in
            let distance = abs(Double(pair.0) - pair.1) / scale
            return distance.isNaN ? .infinity : Swift.max(worst, distance)
        }
    }

    /// The largest |a - b|.
    public static func absolute(_ a: [Float], _ b: NaiveTensor) -> Double {
        precondition(a.count == b.count, "\(a.count) values against \(b.count)")
        return zip(a, b.values).reduce(0) { worst, pair in
            let distance = abs(Double(pair.0) - pair.1)
            return distance.isNaN ? .infinity : Swift.max(worst, distance)
        }
    }
}
