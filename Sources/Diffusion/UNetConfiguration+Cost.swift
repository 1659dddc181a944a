extension UNetConfiguration {
    /// Multiply-accumulates of one image's forward pass by the direct method: those of the convolutions, linear layers
    /// and attention products; norms and activations are left out.
    /// - Parameters:
    ///   - height: of the sample that the network sees, folded pixels or latents.
    ///   - width: of the same sample.
    ///   - textLength: tokens of the text states.
    public func multiplyAccumulates(height: Int, width: Int, textLength: Int = 77) -> Double {
        let cost = NetworkCost(self, height: height, width: width, textLength: textLength)
        let channels = blockOutChannels, levels = channels.count
        var (total, skips) = cost.encoder()
        total += cost.convolution(channels[0], outChannels, 3, level: 0)
        var current = channels[levels - 1]
        for (i, level) in (0..<levels).reversed().enumerated() {
            for _ in 0...layersPerBlock {
                total += cost.block(current + skips.removeLast(), level: level, upBlockTypes[i].kind)
                current = channels[level]
            }
            if level > 0 { total += cost.convolution(current, current, 3, level: level - 1) }
        }
        return total
    }

    /// Floating-point operations of the same: two for each multiply-accumulate.
    public func operations(width: Int, height: Int) -> Double { 2 * multiplyAccumulates(height: height, width: width) }
}

extension ControlNetConfiguration {
    /// Multiply-accumulates of one image's forward pass; see the U-Net's.
    public func multiplyAccumulates(height: Int, width: Int, textLength: Int = 77) -> Double {
        let cost = NetworkCost(backbone, height: height, width: width, textLength: textLength)
        var (total, _) = cost.encoder()
        let widths = conditioningEmbeddingOutChannels, last = widths.count - 1
        // The first width has the control's resolution, the last the sample's: levels below zero are finer.
        total += cost.convolution(conditioningChannels, widths[0], 3, level: -last)
        for (i, (from, to)) in zip(widths, widths.dropFirst()).enumerated() {
            total += cost.convolution(from, from, 3, level: i - last)
            total += cost.convolution(from, to, 3, level: i + 1 - last)
        }
        total += cost.convolution(widths[last], blockOutChannels[0], 3, level: 0)
        for level in blockOutChannels.indices {
            let channels = blockOutChannels[level]
            total += Double(backbone.layersPerBlock) * cost.convolution(channels, channels, 1, level: level)
            // The skip after the downsampler belongs to the next level; the stem's is the finest's.
            let before = level == 0 ? channels : blockOutChannels[level - 1]
            total += cost.convolution(before, before, 1, level: level)
        }
        let coarsest = blockOutChannels.count - 1
        return total
            + cost.convolution(blockOutChannels[coarsest], blockOutChannels[coarsest], 1, level: coarsest)
    }
}

/// Multiply-accumulates of the parts that U-Net and ControlNet have in common.
private struct NetworkCost {
    private let c: UNetConfiguration, height: Int, width: Int, textLength: Int

    init(_ c: UNetConfiguration, height: Int, width: Int, textLength: Int) {
        self.c = c
        self.height = height
        self.width = width
        self.textLength = textLength
    }

    /// Positions of a level.
    private func area(_ level: Int) -> Double {
        level < 0 ? Double(height * width) * Double(1 << (-2 * level)) : Double((height >> level) * (width >> level))
    }

    func convolution(_ input: Int, _ output: Int, _ kernel: Int, level: Int) -> Double {
        Double(input * output * kernel * kernel) * area(level)
    }

    /// A residual block with the attention that follows it.
    func block(_ input: Int, level: Int, _ kind: Level.Kind) -> Double {
        let output = c.blockOutChannels[level]
        let residual =
            convolution(input, output, 3, level: level) + convolution(output, output, 3, level: level)
            + Double(c.timeEmbeddingWidth * output)
            + (input == output ? 0 : convolution(input, output, 1, level: level))
        switch kind {
        case .plain: return residual
        case .attention: return residual + selfAttention(output, level: level)
        case .crossAttention: return residual + transformer(output, level: level)
        }
    }

    private func selfAttention(_ channels: Int, level: Int) -> Double {
        4 * convolution(channels, channels, 1, level: level) + 2 * area(level) * area(level) * Double(channels)
    }

    private func transformer(_ channels: Int, level: Int) -> Double {
        let square = convolution(channels, channels, 1, level: level), length = Double(textLength)
        let text =
            2 * square + 2 * length * Double(channels * c.crossAttentionDim) + 2 * area(level) * length
            * Double(channels)
        // The gated feed-forward layer is eight and four times as wide.
        let layer = selfAttention(channels, level: level) + text + 12 * square
        return 2 * square + Double(c.transformerLayersPerBlock[level]) * layer
    }

    /// The way down and the middle, and the channels of the skip connections.
    func encoder() -> (cost: Double, skips: [Int]) {
        let channels = c.blockOutChannels, last = channels.count - 1
        var total = convolution(c.inChannels, channels[0], 3, level: 0)
        total += Double(channels[0] * c.timeEmbeddingWidth + c.timeEmbeddingWidth * c.timeEmbeddingWidth)
        if c.classEmbedType != nil {
            total += Double(((c.projectionClassEmbeddingsInputDim ?? 0) + c.timeEmbeddingWidth) * c.timeEmbeddingWidth)
        }
        var current = channels[0], skips = [current]
        for level in channels.indices {
            for _ in 0..<c.layersPerBlock {
                total += block(current, level: level, c.downBlockTypes[level].kind)
                current = channels[level]
                skips.append(current)
            }
            guard level < last else { continue }
            total += convolution(current, current, 3, level: level + 1)
            skips.append(current)
        }
        total += block(current, level: last, .plain)
        if c.midBlockType == .crossAttention {
            total += transformer(current, level: last) + block(current, level: last, .plain)
        }
        return (total, skips)
    }
}
