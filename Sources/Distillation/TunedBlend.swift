import Layers
import TensorCore

/// How much of a tuned network goes into a generation; the rest is the base.
///
/// Between two networks of which one was tuned from the other lie better ones: what was known before comes back faster
/// than what was learnt goes (Wortsman et al., Robust fine-tuning of zero-shot models, 2022). So the weights are mixed, with
/// as much of the tuned ones as generic pictures allow. They are not the pictures that the gate looks at.
public struct TunedBlend {
    /// Ascending. What is learnt often grows faster than the share of it, so they lie close.
    static let shares: [Float] = (4...20).map { Float($0) / 20 }
    /// dB that generic pictures may lose: less than the gate allows, as its pictures are others and their mean is off by some
    /// hundredths.
    static let tolerance = 0.07
    static let pictures = 96
    private static let seed: UInt64 = 0x0B1E_4D

    /// What generic pictures gain with a share of the tuned weights, in dB, in the mean.
    public struct Trial: Codable, Sendable, Equatable {
        public let share: Float
        public let canary: Double
        /// Of pictures that are filled with prompts; nil where none are read.
        public let prompts: Double?

        var isGood: Bool { min(canary, prompts ?? 0) >= -TunedBlend.tolerance }
    }

    public let network: InpaintingNetwork
    /// Of the tuned weights.
    public let share: Float
    /// What was looked at to choose the share, in this order; none for a given share.
    public let trials: [Trial]

    /// - Parameters:
    ///   - base: the network that tuning began with.
    ///   - tuned: the same after it.
    ///   - share: a given share; nil for the largest that loses little, or else the smallest.
    ///   - cropSize: pixels.
    ///   - pictures: to look at.
    /// - Throws: `ModelError` where the two differ in shape.
    public init(
        base: InpaintingNetwork, tuned: InpaintingNetwork, share: Float? = nil, cropSize: Int = PersonalJudge.cropSize,
        pictures: Int? = nil
    ) throws {
        let judge = PersonalJudge(
            seed: Self.seed, cropSize: cropSize, pictures: pictures ?? Self.pictures, canarySeed: Self.seed)
        func mean(_ gains: [Double]) -> Double? { gains.isEmpty ? nil : gains.reduce(0, +) / Double(gains.count) }
        func trial(_ share: Float) throws -> Trial {
            let network = try tuned.mixed(with: base, share: share)
            return Trial(
                share: share, canary: mean(judge.canary(from: base, to: network)) ?? 0,
                prompts: mean(judge.prompts(from: base, to: network)))
        }
        var trials: [Trial] = []
        // The more the worse: whole, or else by halves. The smallest one is not asked for.
        var (good, bad) = (0, Self.shares.count)
        var next = share == nil ? bad - 1 : good
        while good < next {
            let tried = try trial(Self.shares[next])
            trials.append(tried)
            if tried.isGood { good = next } else { bad = next }
            next = (good + bad) / 2
        }
        self.share = share ?? Self.shares[good]
        network = try tuned.mixed(with: base, share: self.share)
        self.trials = trials
    }
}

extension InpaintingNetwork {
    /// - Parameter share: of these weights; the rest is of `other`.
    /// - Returns: a network of its own, without gradients.
    func mixed(with other: InpaintingNetwork, share: Float) throws -> InpaintingNetwork {
        let others = Dictionary(uniqueKeysWithValues: other.parameters.map { ($0.name, $0.variable.value) })
        var weights: [String: Tensor] = [:]
        for (name, variable) in parameters {
            guard let old = others[name], old.shape == variable.shape else { continue }
            let mixed = old * (1 - share)
            mixed.accumulateInPlace(variable.value, factor: share)
            weights[name] = mixed
        }
        return try InpaintingNetwork(shape, weights: weights, origin: "a mixture of weights", requiresGradient: false)
    }
}
