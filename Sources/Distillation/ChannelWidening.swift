import Layers
import TensorCore

/// How the channels between two layers become more: each is repeated some times, its copies side by side.
///
/// Side by side, so that a group norm's groups hold what they held before and keep their statistics, and that the heads
/// of an attention keep theirs.
struct ChannelWidening: Equatable {
    /// For each channel of the widened layer the one that it copies.
    let sources: [Int]
    /// Channels before.
    let sourceCount: Int
    /// How many copies all channels have; nil where some have more than others.
    let factor: Int?

    var count: Int { sources.count }

    init(_ count: Int, times factor: Int) {
        sources = (0..<count * factor).map { $0 / factor }
        sourceCount = count
        self.factor = factor
    }

    /// The channels of `first`, then those of `second`.
    init(_ first: ChannelWidening, then second: ChannelWidening) {
        sources = first.sources + second.sources.map { $0 + first.sourceCount }
        sourceCount = first.sourceCount + second.sourceCount
        factor = first.factor == second.factor ? first.factor : nil
    }
}

extension Tensor {
    /// The values of each channel for its copies: of a bias, or of a norm.
    func widened(_ channels: ChannelWidening) -> Tensor {
        precondition(
            shape == [channels.sourceCount], "Distillation: \(shape) is not of \(channels.sourceCount) channels")
        return Tensor(channels.sources.map { pointer[$0] }, shape: [channels.count])
    }

    /// The weights [out, in, ...] of a layer between widened channels (Net2WiderNet; Chen et al. 2016,
    /// arXiv 1511.05641).
    ///
    /// Copies of an input are all the same, so each gets a share of its weight, and the shares sum to 1. The shares are
    /// drawn anew for each output: with equal ones, copies would get equal gradients and stay copies for ever.
    func widened(output: ChannelWidening, input: ChannelWidening, _ random: inout SeededRandom) -> Tensor {
        precondition(
            shape.count >= 2 && shape[0] == output.sourceCount && shape[1] == input.sourceCount,
            "Distillation: weights \(shape) between \(input.sourceCount) and \(output.sourceCount) channels")
        let window = count / (shape[0] * shape[1])
        let result = Tensor(uninitialized: [output.count, input.count] + shape.dropFirst(2))
        for (o, source) in output.sources.enumerated() {
            let shares = input.shares(&random)
            for (i, channel) in input.sources.enumerated() {
                let from = pointer + (source * input.sourceCount + channel) * window
                let to = result.pointer + (o * input.count + i) * window
                for j in 0..<window { to[j] = shares[i] * from[j] }
            }
        }
        return result
    }
}

extension ChannelWidening {
    /// How unequal the shares of copies are: the deviation of each, in parts of an equal one.
    private static let spread: Float = 0.5

    /// Random shares of the copies, 1 in sum over the copies of each channel.
    fileprivate func shares(_ random: inout SeededRandom) -> [Float] {
        var shares = sources.map { _ in 1 + Self.spread * random.normal() }
        var first = 0
        while first < count {
            var end = first + 1
            while end < count, sources[end] == sources[first] { end += 1 }
            // The mean's error goes to all copies alike; a channel without copies keeps its weight.
            let copies = Float(end - first), excess = shares[first..<end].reduce(0, +) / copies - 1
            for i in first..<end { shares[i] = (shares[i] - excess) / copies }
            first = end
        }
        return shares
    }
}
