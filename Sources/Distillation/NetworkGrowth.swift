import Diffusion
import Foundation
import Layers
import TensorCore

/// A larger network that computes what a smaller one does: a teacher that begins where a student ended.
///
/// From random weights a teacher needs thousands of steps to leave the pre-fill; grown from a student it starts as good as that
/// one (Net2Net; Chen et al. 2016, arXiv 1511.05641):
/// - Wider: every channel is repeated, see `ChannelWidening`.
/// - Deeper: new residual blocks and attentions whose last layer is zero; on the way up, where a block reads its skip
///   connection as well, its shortcut passes on what comes from below.
/// - Attention to text on the way up, where the student with text has it (`UNetConfiguration.textStudent`), adding nothing
///   at first; not where the student has such levels already.
/// - A ControlNet that begins as a copy of the grown encoder (Zhang et al. 2023), with zeros at its outputs.
///
/// The grown network's output is the student's, to rounding, where all levels are widened by one factor. Where two
/// neighbouring levels are widened by different ones, the skip connection between them makes the groups of two norms
/// hold other channels than before (`blocksWithOtherGroups`), and the start is only near to the student.
public struct NetworkGrowth {
    /// Of the grown network.
    public let shape: NetworkShape
    /// The first norms of these blocks mix other channels than the source's do.
    public let blocksWithOtherGroups: [String]

    private let source: NetworkShape

    /// - Parameters:
    ///   - source: a network without ControlNet.
    ///   - channels: of each level, finest first: whole multiples of the source's.
    ///   - layers: residual blocks of a level on the way down; at least as many as the source has.
    ///   - origin: of the source, for errors.
    /// - Throws: `ModelError` naming what cannot be grown.
    public init(of source: NetworkShape, channels: [Int], layers: Int, origin: String) throws {
        func require(_ condition: Bool, _ problem: String) throws {
            guard condition else { throw ModelError(.badConfiguration, at: origin, problem) }
        }
        let old = source.unet.blockOutChannels
        try require(source.controlNet == nil, "a network with a ControlNet is grown already")
        try require(
            channels.count == old.count && zip(channels, old).allSatisfy { $0 > 0 && $0 % $1 == 0 },
            "channels \(channels) are not whole multiples of \(old)")
        try require(
            (source.unet.layersPerBlock...16).contains(layers),
            "\(layers) layers are fewer than its \(source.unet.layersPerBlock), or more than 16")
        try require(
            channels[0] == old[0] || source.unet.freqShift == 0,
            "the timestep's embedding cannot be widened with freq_shift \(source.unet.freqShift)")
        for i in channels.indices.dropFirst() {
            // A block between levels of equal width has no shortcut that could mix channels.
            try require(
                channels[i] != channels[i - 1] || old[i] == old[i - 1],
                "levels \(i - 1) and \(i) get the same width of \(channels[i]), but had different ones")
        }
        self.source = source
        var unet = source.unet
        unet.blockOutChannels = channels
        unet.layersPerBlock = layers
        unet.addTextLevel()
        unet.attentionHeadDim = try unet.grownHeads(from: source.unet, origin: origin)
        try unet.validate(origin: origin)
        var shape = source
        shape.unet = unet
        // The control's embedding is wide because it is cheap in parameters for the operations it has.
        shape.controlNet = ControlNetConfiguration(
            for: unet, conditioningChannels: source.codec.conditionChannels,
            conditioningEmbeddingOutChannels: [4 * channels[0]])
        self.shape = shape
        blocksWithOtherGroups = GrowthPlan(from: source.unet, to: unet).blocksWithOtherGroups
    }

    /// The grown network.
    /// - Parameters:
    ///   - student: of the shape that was given.
    ///   - seed: of the shares of copies and of what the new blocks begin with.
    /// - Throws: `ModelError` when the shape makes no network.
    public func network(from student: InpaintingNetwork, seed: UInt64) throws -> InpaintingNetwork {
        precondition(student.shape == source, "Distillation: a student of another shape than the growth")
        let weights = student.unet.parameters.tensors
        let network = try InpaintingNetwork(shape, seed: seed)
        var random = SeededRandom(seed: seed, stream: 2)
        var plan = GrowthPlan(from: source.unet, to: shape.unet)
        plan.addWholeUNet()
        plan.apply(weights, to: network.unet.parameters.tensors, &random)
        if let controlNet = network.controlNet {
            var encoder = GrowthPlan(from: source.unet, to: shape.unet)
            encoder.addEncoder()
            encoder.apply(weights, to: controlNet.parameters.tensors, &random)
        }
        if let text = network.textEncoder, let old = student.textEncoder {
            _ = WeightGraft(of: old.parameters.tensors, onto: text.parameters)
        }
        if let prior = network.textPrior, let old = student.textPrior {
            _ = WeightGraft(of: old.parameters.tensors, onto: prior.parameters)
        }
        return network
    }

    /// Multiply-accumulates of a picture of `side` pixels, of the grown network and of the source.
    public func cost(side: Int) -> (grown: Double, source: Double) {
        (shape.multiplyAccumulates(side: side), source.multiplyAccumulates(side: side))
    }
}

extension UNetConfiguration {
    /// Attention to text where the student with text has it, unless a level has it already.
    fileprivate mutating func addTextLevel() {
        guard !attendsToText, blockOutChannels.count > 1 else { return }
        let heads = attentionHeadDim
        setTextLevel()
        // Its own heads at the other levels.
        attentionHeadDim = PerLevel(
            blockOutChannels.indices.map { level in
                upBlockTypes[blockOutChannels.count - 1 - level] == .crossAttention
                    ? attentionHeadDim[level] : heads[level]
            })
        setTextWidth(CLIPTextConfiguration.small().hiddenSize)
    }

    /// Heads keep their number: where a level says their size, it grows with the channels.
    fileprivate func grownHeads(from source: UNetConfiguration, origin: String) throws -> PerLevel {
        let last = blockOutChannels.count - 1
        return PerLevel(
            try blockOutChannels.indices.map { level in
                let factor = blockOutChannels[level] / source.blockOutChannels[level]
                let saysSize = downBlockTypes[level] == .attention || upBlockTypes[last - level] == .attention
                let saysNumber =
                    downBlockTypes[level] == .crossAttention || upBlockTypes[last - level] == .crossAttention
                    || level == last && midBlockType == .crossAttention
                guard !(saysSize && saysNumber) || factor == 1 else {
                    throw ModelError(
                        .badConfiguration, at: origin,
                        "level \(level) has both kinds of attention, so its heads cannot be widened")
                }
                return attentionHeadDim[level] * (saysSize ? factor : 1)
            })
    }
}
