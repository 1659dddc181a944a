import TensorCore

/// xoshiro256++ (Blackman and Vigna 2019), seeded through SplitMix64: the same seed gives the same numbers everywhere.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)
    private var spareNormal: Float?

    public init(seed: UInt64) {
        var mixer = seed
        func next() -> UInt64 {
            mixer &+= 0x9E37_79B9_7F4A_7C15
            var z = mixer
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        state = (next(), next(), next(), next())
    }

    /// An independent stream for part `index` of the work that `seed` stands for.
    public init(seed: UInt64, stream index: UInt64) {
        var first = SeededRandom(seed: seed)
        self.init(seed: first.next() ^ (index &* 0xD129_0A2F_94A1_5C23 &+ 0x632B_E59B_D9B4_E019))
    }

    public mutating func next() -> UInt64 {
        func rotated(_ x: UInt64, _ k: UInt64) -> UInt64 { (x << k) | (x >> (64 - k)) }
        let result = rotated(state.0 &+ state.3, 23) &+ state.0
        let t = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= t
        state.3 = rotated(state.3, 45)
        return result
    }

    /// Uniform in 0 ..< 1, with 24 random bits.
    public mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

    /// Standard normal, by Box and Muller.
    public mutating func normal() -> Float {
        if let spare = spareNormal {
            spareNormal = nil
            return spare
        }
        let radius = (-2 * logarithm(1 - Double(uniform()))).squareRoot()
        let angle = 2 * Double.pi * Double(uniform())
        spareNormal = Float(radius * sine(angle))
        return Float(radius * cosine(angle))
    }

    /// A tensor of independent standard normal values.
    public mutating func normalTensor(_ shape: [Int]) -> Tensor {
        let tensor = Tensor(uninitialized: shape)
        for i in 0..<tensor.count { tensor.pointer[i] = normal() }
        return tensor
    }

    /// The words of the state, to put into a checkpoint.
    public var words: [UInt64] {
        get { [state.0, state.1, state.2, state.3, spareNormal.map { UInt64($0.bitPattern) | 1 << 32 } ?? 0] }
        set {
            precondition(newValue.count == 5, "Layers: a random state has 5 words, not \(newValue.count)")
            state = (newValue[0], newValue[1], newValue[2], newValue[3])
            spareNormal = newValue[4] == 0 ? nil : Float(bitPattern: UInt32(truncatingIfNeeded: newValue[4]))
        }
    }
}
