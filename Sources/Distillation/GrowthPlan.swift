import Diffusion
import Layers
import TensorCore

/// Which weight of a grown U-Net comes from which weight of the source, block by block, by diffusers' names.
struct GrowthPlan {
    private enum Origin {
        /// Copied per channel, times a factor: a bias or a norm's weight.
        case channels(String, ChannelWidening, scale: Float)
        /// Weights between channels, times a factor.
        case weights(String, output: ChannelWidening, input: ChannelWidening, scale: Float)
        /// Passes on the first channels of its input, which has more.
        case passing(output: ChannelWidening, input: ChannelWidening)
        case zero
        /// Sinusoids have another number: those of the source are every `factor`-th.
        case sinusoids(String, output: ChannelWidening, factor: Int)
    }

    private let source: UNetConfiguration, target: UNetConfiguration
    /// Of each level.
    private let levels: [ChannelWidening]
    private let time: ChannelWidening
    private var origins: [String: Origin] = [:]

    init(from source: UNetConfiguration, to target: UNetConfiguration) {
        self.source = source
        self.target = target
        levels = zip(source.blockOutChannels, target.blockOutChannels).map { ChannelWidening($0, times: $1 / $0) }
        time = ChannelWidening(4 * levels[0].sourceCount, times: levels[0].factor ?? 1)
    }

    /// Writes what the plan says into `weights` by name; those it does not name keep their start.
    func apply(_ source: [String: Tensor], to weights: [String: Tensor], _ random: inout SeededRandom) {
        func stored(_ name: String) -> Tensor {
            guard let tensor = source[name] else { preconditionFailure("Distillation: no weight \(name) to grow") }
            return tensor
        }
        for (name, origin) in origins.sorted(by: { $0.key < $1.key }) {
            guard let target = weights[name] else { preconditionFailure("Distillation: no weight \(name) grows") }
            switch origin {
            case .channels(let from, let channels, let scale):
                target.copyInPlace(from: stored(from).widened(channels) * scale)
            case .weights(let from, let output, let input, let scale):
                target.copyInPlace(from: stored(from).widened(output: output, input: input, &random) * scale)
            case .passing(let output, let input):
                let identity = Tensor(repeating: 0, shape: [output.sourceCount, input.sourceCount, 1, 1])
                for i in 0..<output.sourceCount { identity.pointer[i * input.sourceCount + i] = 1 }
                target.copyInPlace(from: identity.widened(output: output, input: input, &random))
            case .zero: target.copyInPlace(from: Tensor(repeating: 0, shape: target.shape))
            case .sinusoids(let from, let output, let factor):
                let old = stored(from), inputs = old.shape[1]
                let spread = Tensor(repeating: 0, shape: [old.shape[0], inputs * factor])
                for row in 0..<old.shape[0] {
                    for i in 0..<inputs {
                        spread.pointer[(row * inputs + i) * factor] = old.pointer[row * inputs + i]
                    }
                }
                let all = ChannelWidening(inputs * factor, times: 1)
                target.copyInPlace(from: spread.widened(output: output, input: all, &random))
            }
        }
    }

    // MARK: Parts

    mutating func addWholeUNet() {
        addEncoder()
        addWayUp()
        norm("conv_norm_out", from: "conv_norm_out", levels[0])
        layer("conv_out", from: "conv_out", levels[0], ChannelWidening(source.outChannels, times: 1))
    }

    /// What a ControlNet has as well.
    mutating func addEncoder() {
        layer("conv_in", from: "conv_in", ChannelWidening(source.inChannels, times: 1), levels[0])
        let first = "time_embedding.linear_1", second = "time_embedding.linear_2"
        origins["\(first).weight"] = .sinusoids("\(first).weight", output: time, factor: levels[0].factor ?? 1)
        origins["\(first).bias"] = .channels("\(first).bias", time, scale: 1)
        layer(second, from: second, time, time)
        if let width = source.projectionClassEmbeddingsInputDim, source.classEmbedType != nil {
            let name = "class_embedding"
            layer("\(name).linear_1", from: "\(name).linear_1", ChannelWidening(width, times: 1), time)
            layer("\(name).linear_2", from: "\(name).linear_2", time, time)
        }
        for (i, channels) in levels.enumerated() {
            let kind = Kind(source.downBlockTypes[i]), grown = Kind(target.downBlockTypes[i])
            for j in 0..<target.layersPerBlock {
                let input = j == 0 && i > 0 ? levels[i - 1] : channels
                let old = j < source.layersPerBlock ? j : nil
                block("down_blocks.\(i)", j, from: old, input, channels)
                attention("down_blocks.\(i)", j, from: old, kind, grown, level: i)
            }
            guard i < levels.count - 1 else { continue }
            let name = "down_blocks.\(i).downsamplers.0.conv"
            layer(name, from: name, channels, channels)
        }
        addMiddle()
    }

    private mutating func addMiddle() {
        let channels = levels[levels.count - 1]
        block("mid_block", 0, from: 0, channels, channels)
        guard target.midBlockType == .crossAttention else { return }
        let isOld = source.midBlockType == .crossAttention
        attention("mid_block", 0, from: isOld ? 0 : nil, .text, .text, level: levels.count - 1)
        block("mid_block", 1, from: isOld ? 1 : nil, channels, channels)
    }

    /// Block j of the source reads the skip connection of its block before the last j-th. New blocks on the way down
    /// pass on what the last old one said, so the first block up reads that still, and the new ones come second.
    private mutating func addWayUp() {
        let last = levels.count - 1, added = target.layersPerBlock - source.layersPerBlock
        for i in 0...last {
            let level = last - i, channels = levels[level]
            let kind = Kind(source.upBlockTypes[i]), grown = Kind(target.upBlockTypes[i])
            for j in 0...target.layersPerBlock {
                let old = j == 0 ? 0 : j > added ? j - added : nil
                block("up_blocks.\(i)", j, from: old, upInput(i, j), channels)
                attention("up_blocks.\(i)", j, from: old, kind, grown, level: level)
            }
            guard i < last else { continue }
            let name = "up_blocks.\(i).upsamplers.0.conv"
            layer(name, from: name, channels, channels)
        }
    }

    /// What block j of the way up's level i reads: from below, and from a skip connection.
    private func upInput(_ i: Int, _ j: Int) -> ChannelWidening {
        let level = levels.count - 1 - i
        let below = j == 0 && i > 0 ? levels[level + 1] : levels[level]
        let skip = j == target.layersPerBlock && level > 0 ? levels[level - 1] : levels[level]
        return ChannelWidening(below, then: skip)
    }

    /// Blocks of the way up between levels that are widened differently.
    var blocksWithOtherGroups: [String] {
        levels.indices.flatMap { i in
            (0...target.layersPerBlock).filter { upInput(i, $0).factor == nil }.map { "up_blocks.\(i).resnets.\($0)" }
        }
    }

    // MARK: Blocks

    private enum Kind {
        case plain, spatial, text

        init(_ type: UNetConfiguration.DownBlockType) {
            switch type {
            case .plain: self = .plain
            case .attention: self = .spatial
            case .crossAttention: self = .text
            }
        }

        init(_ type: UNetConfiguration.UpBlockType) {
            switch type {
            case .plain: self = .plain
            case .attention: self = .spatial
            case .crossAttention: self = .text
            }
        }
    }

    /// A residual block; without an old one it passes on the first channels of its input.
    private mutating func block(
        _ scope: String, _ j: Int, from old: Int?, _ input: ChannelWidening, _ output: ChannelWidening
    ) {
        let name = "\(scope).resnets.\(j)"
        guard let old else {
            zero("\(name).conv2")
            if input.count != output.count { passing("\(name).conv_shortcut", input, output) }
            return
        }
        let from = "\(scope).resnets.\(old)"
        norm("\(name).norm1", from: "\(from).norm1", input)
        layer("\(name).conv1", from: "\(from).conv1", input, output)
        layer("\(name).time_emb_proj", from: "\(from).time_emb_proj", time, output)
        norm("\(name).norm2", from: "\(from).norm2", output)
        layer("\(name).conv2", from: "\(from).conv2", output, output)
        if input.sourceCount != output.sourceCount {
            layer("\(name).conv_shortcut", from: "\(from).conv_shortcut", input, output)
        } else if input.count != output.count {
            passing("\(name).conv_shortcut", input, output)
        }
    }

    private mutating func attention(
        _ scope: String, _ j: Int, from old: Int?, _ kind: Kind, _ grown: Kind, level: Int
    ) {
        let name = "\(scope).attentions.\(j)", isCopied = old != nil && kind == grown
        let from = "\(scope).attentions.\(old ?? 0)", channels = levels[level]
        switch grown {
        case .plain: break
        case .spatial where !isCopied: zero("\(name).to_out.0")
        case .text where !isCopied: zero("\(name).proj_out")
        case .spatial:
            norm("\(name).group_norm", from: "\(from).group_norm", channels)
            projections(name, from: from, channels, context: channels, bias: true)
        case .text: transformer(name, from: from, level: level)
        }
    }

    private mutating func transformer(_ name: String, from: String, level: Int) {
        let channels = levels[level], factor = channels.factor ?? 1
        let text = ChannelWidening(source.crossAttentionDim, times: 1)
        norm("\(name).norm", from: "\(from).norm", channels)
        layer("\(name).proj_in", from: "\(from).proj_in", channels, channels)
        layer("\(name).proj_out", from: "\(from).proj_out", channels, channels)
        for b in 0..<source.transformerLayersPerBlock[level] {
            let block = "\(name).transformer_blocks.\(b)", old = "\(from).transformer_blocks.\(b)"
            for i in 1...3 { norm("\(block).norm\(i)", from: "\(old).norm\(i)", channels) }
            projections("\(block).attn1", from: "\(old).attn1", channels, context: channels, bias: false)
            projections("\(block).attn2", from: "\(old).attn2", channels, context: text, bias: false)
            // Values and gates stand one after the other: repeated side by side they still do.
            let width = channels.sourceCount
            layer(
                "\(block).ff.net.0.proj", from: "\(old).ff.net.0.proj", channels,
                ChannelWidening(8 * width, times: factor))
            layer(
                "\(block).ff.net.2", from: "\(old).ff.net.2", ChannelWidening(4 * width, times: factor), channels)
        }
    }

    /// Queries and keys of f times as many channels have products f times as large, which the longer heads divide by
    /// √f: the queries by another √f.
    private mutating func projections(
        _ name: String, from: String, _ channels: ChannelWidening, context: ChannelWidening, bias: Bool
    ) {
        let scale = 1 / Float(channels.factor ?? 1).squareRoot()
        layer("\(name).to_q", from: "\(from).to_q", channels, channels, bias: bias, scale: scale)
        layer("\(name).to_k", from: "\(from).to_k", context, channels, bias: bias)
        layer("\(name).to_v", from: "\(from).to_v", context, channels, bias: bias)
        layer("\(name).to_out.0", from: "\(from).to_out.0", channels, channels)
    }

    // MARK: Layers

    private mutating func norm(_ name: String, from: String, _ channels: ChannelWidening) {
        for part in ["weight", "bias"] { origins["\(name).\(part)"] = .channels("\(from).\(part)", channels, scale: 1) }
    }

    private mutating func layer(
        _ name: String, from: String, _ input: ChannelWidening, _ output: ChannelWidening, bias: Bool = true,
        scale: Float = 1
    ) {
        origins["\(name).weight"] = .weights("\(from).weight", output: output, input: input, scale: scale)
        if bias { origins["\(name).bias"] = .channels("\(from).bias", output, scale: scale) }
    }

    private mutating func zero(_ name: String) {
        for part in ["weight", "bias"] { origins["\(name).\(part)"] = .zero }
    }

    private mutating func passing(_ name: String, _ input: ChannelWidening, _ output: ChannelWidening) {
        origins["\(name).weight"] = .passing(output: output, input: input)
        origins["\(name).bias"] = .zero
    }
}
