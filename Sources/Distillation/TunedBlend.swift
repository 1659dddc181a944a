import Layers
import TensorCore

/// How much of a tuned network goes into a generation; the rest is the base.
///
/// Between two networks of which one was tuned from the other lie better ones: what was known before comes back faster
/// than what was learnt goes (Wortsman et al., Robust fine-tuning of zero-shot models, 2022). So the weights are mixed, with
/// as much of the tuned ones as generic pictures allow. They are not the pictures that the gate looks at.
public struct TunedBlend {
    /// Tried in this order, until one is good.
    static let shares: [Float] = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]
    /// dB that generic pictures may lose: half of what the gate allows, as its pictures are others.
    static let tolerance = 0.05
    static let pictures = 48
    private static let seed: UInt64 = 0x0B1E_4D

    public let network: InpaintingNetwork
    /// Of the tuned weights.
    public let share: Float

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
        func loses(_ network: InpaintingNetwork) -> Bool {
            [judge.canary(from: base, to: network), judge.prompts(from: base, to: network)].contains { gains in
                gains.reduce(0, +) < -Self.tolerance * Double(gains.count)
            }
        }
        let shares = share.map { [$0] } ?? Self.shares
        var (chosen, network) = (shares[0], try tuned.mixed(with: base, share: shares[0]))
        for share in shares.dropFirst() where loses(network) {
            (chosen, network) = (share, try tuned.mixed(with: base, share: share))
        }
        self.share = chosen
        self.network = network
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
