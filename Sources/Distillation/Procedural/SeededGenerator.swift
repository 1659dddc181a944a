/// A small, fast pseudo-random generator with the same numbers on every machine: xoshiro256** (Blackman and Vigna),
/// its state filled from the seed by SplitMix64.
///
/// Scenes and masks must be reproducible from a seed alone, so nothing of the system's randomness enters here.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var s0: UInt64
    private var s1: UInt64
    private var s2: UInt64
    private var s3: UInt64

    public init(seed: UInt64) {
        var state = seed
        func split() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        s0 = split()
        s1 = split()
        s2 = split()
        s3 = split()
    }

    public mutating func next() -> UInt64 {
        let product = s1 &* 5
        let result = ((product << 7) | (product >> 57)) &* 9
        let shifted = s1 << 17
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= shifted
        s3 = (s3 << 45) | (s3 >> 19)
        return result
    }

    /// A uniform number in [0, 1), 24 bits fine.
    public mutating func unit() -> Float {
        Float(next() >> 40) * 0x1p-24
    }

    /// A uniform number between the bounds of `range`.
    public mutating func uniform(_ range: ClosedRange<Float>) -> Float {
        range.lowerBound + (range.upperBound - range.lowerBound) * unit()
    }

    /// A number whose logarithm is uniform between the (positive) bounds of `range`: as many small sizes as large ones.
    public mutating func logUniform(_ range: ClosedRange<Float>) -> Float {
        PortableMath.exp(uniform(PortableMath.log(range.lowerBound)...PortableMath.log(range.upperBound)))
    }

    /// A standard normal number (Box and Muller).
    public mutating func normal() -> Float {
        let radius = (-2 * PortableMath.log(max(unit(), 0x1p-24))).squareRoot()
        return radius * PortableMath.cos(2 * Float.pi * unit())
    }

    /// A uniform integer between the bounds of `range`.
    public mutating func integer(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(unit() * Float(range.upperBound - range.lowerBound + 1))
    }

    /// True with the given probability.
    public mutating func chance(_ probability: Float) -> Bool {
        unit() < probability
    }

    /// One element, uniformly. `items` must not be empty.
    public mutating func pick<T>(_ items: [T]) -> T {
        items[integer(0...(items.count - 1))]
    }

    /// An index, drawn in proportion to `weights` (not empty, not negative).
    public mutating func index(weights: [Float]) -> Int {
        var left = unit() * weights.reduce(0, +)
        for (index, weight) in weights.enumerated() {
            left -= weight
            if left < 0 { return index }
        }
        return weights.count - 1
    }

    /// An angle in [0, 2 pi).
    public mutating func angle() -> Float {
        unit() * 2 * .pi
    }
}
