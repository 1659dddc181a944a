extension UNetConfiguration {
    /// Floating-point operations of one image's forward pass by the direct method: two for each multiply-accumulate
    /// of the convolutions, linear layers and attention products; norms and activations are left out.
    public func operations(width: Int, height: Int) -> Double {
        let levels = blockOutChannels.count, time = blockOutChannels[0] * 4
        func area(_ level: Int) -> Double { Double((width >> level) * (height >> level)) }
        func convolution(_ input: Int, _ output: Int, _ kernel: Int, _ area: Double) -> Double {
            2 * Double(input * output * kernel * kernel) * area
        }
        func residual(_ input: Int, _ output: Int, _ area: Double) -> Double {
            convolution(input, output, 3, area) + convolution(output, output, 3, area) + 2 * Double(time * output)
                + (input == output ? 0 : convolution(input, output, 1, area))
        }
        func attention(_ channels: Int, _ area: Double) -> Double {
            4 * convolution(channels, channels, 1, area) + 4 * area * area * Double(channels)
        }
        var total = convolution(inChannels, blockOutChannels[0], 3, area(0))
        total += convolution(blockOutChannels[0], outChannels, 3, area(0))
        var current = blockOutChannels[0], skips = [current]
        for level in 0..<levels {
            for _ in 0..<layersPerBlock {
                total += residual(current, blockOutChannels[level], area(level))
                current = blockOutChannels[level]
                if downBlockTypes[level] == .attention { total += attention(current, area(level)) }
                skips.append(current)
            }
            guard level < levels - 1 else { continue }
            total += convolution(current, current, 3, area(level + 1))
            skips.append(current)
        }
        total += residual(current, current, area(levels - 1))
        for (i, level) in (0..<levels).reversed().enumerated() {
            for _ in 0...layersPerBlock {
                total += residual(current + skips.removeLast(), blockOutChannels[level], area(level))
                current = blockOutChannels[level]
                if upBlockTypes[i] == .attention { total += attention(current, area(level)) }
            }
            if level > 0 { total += convolution(current, current, 3, area(level - 1)) }
        }
        return total
    }
}
