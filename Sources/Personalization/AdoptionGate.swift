import FoundationEssentials
import Glibc

/// Decides whether tuned weights replace those in use: only where photos that were never trained on say so with enough
/// certainty, and a fixed set of generic pictures has not suffered.
///
/// The unit is the photo: each has one figure, the mean over its masks, paired between the two models. The lower bound
/// of the mean gain comes from the bootstrap over photos (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
/// chapter 13), widened by sqrt(n / (n - 1)) because resampling few photos makes their spread too small.
///
/// The same photos judge many generations, so each further judgement costs certainty: the k-th one is made at
/// `level / (k * (k + 1))`. All of them together err with probability `level` at most.
public struct AdoptionGate: Sendable, Equatable {
    /// The probability with which noise is adopted at all, over any number of judgements with the same photos.
    public var level = 0.05
    /// How many dB the canary may lose.
    public var canaryTolerance = 0.1
    public var resamples = 20_000

    /// Photos to judge by, at least.
    public static let leastPhotos = 5

    public enum Verdict: String, Sendable {
        case adopted
        case noGain = "no-gain"
        case canaryLost = "canary-lost"
        case tooFewPhotos = "too-few-photos"
        case notFinite = "not-finite"
    }

    public struct Judgement: Sendable, Equatable {
        public let verdict: Verdict
        /// dB, mean over photos.
        public let gain: Double
        /// dB, below which the true gain lies with probability `level`.
        public let lowerBound: Double
        /// dB; negative where the canary lost.
        public let canaryGain: Double
        public let photos: Int
        /// What was left of the level for this judgement.
        public let level: Double
    }

    public init() {}

    /// Judges.
    ///
    /// - Parameters:
    ///   - gains: dB per held-out photo, new minus old.
    ///   - canary: dB per generic picture, new minus the base model that everything began with.
    ///   - earlier: how many judgements were made with these held-out photos before.
    ///   - seed: of the resampling.
    public func judge(gains: [Double], canary: [Double], earlier: Int, seed: UInt64) -> Judgement {
        let place = Double(earlier + 1)
        let level = level / (place * (place + 1))
        let mean = Self.mean(gains)
        let canaryGain = canary.isEmpty ? 0 : Self.mean(canary)
        let bound = gains.count > 1 ? lowerBound(gains, level: level, seed: seed) : -.infinity
        let verdict: Verdict =
            if !(gains + canary).allSatisfy(\.isFinite) {
                .notFinite
            } else if gains.count < Self.leastPhotos || canary.isEmpty {
                .tooFewPhotos
            } else if bound <= 0 {
                .noGain
            } else if canaryGain < -canaryTolerance {
                .canaryLost
            } else {
                .adopted
            }
        return Judgement(
            verdict: verdict, gain: mean, lowerBound: bound, canaryGain: canaryGain, photos: gains.count, level: level)
    }

    /// The `level` quantile of the mean over resampled photos.
    public func lowerBound(_ gains: [Double], level: Double, seed: UInt64) -> Double {
        let count = gains.count
        let mean = Self.mean(gains)
        var generator = SplitMix(state: seed)
        var means = (0..<resamples).map { _ -> Double in
            var sum = 0.0
            for _ in 0..<count { sum += gains[Int(generator.next() % UInt64(count))] }
            return sum / Double(count)
        }
        means.sort()
        let quantile = means[min(max(Int((level * Double(resamples)).rounded(.down)), 0), resamples - 1)]
        return mean - (mean - quantile) * (Double(count) / Double(count - 1)).squareRoot()
    }

    private static func mean(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }
}

/// SplitMix64 (Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
