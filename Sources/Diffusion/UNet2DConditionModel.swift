import Autograd
import Layers
import TensorCore

/// diffusers' `UNet2DConditionModel`: a U-Net conditioned on the timestep, with skip connections from every block.
///
/// Parameters have diffusers' names, so its `from_pretrained` loads what is written here and the other way round.
public final class UNet2DConditionModel {
    public let configuration: UNetConfiguration
    public let parameters: ParameterSet

    private let inputConvolution: Convolution2D
    private let timeEmbedding: TimestepEmbedding
    private let downLevels: [Level]
    private let downsamplers: [Convolution2D]
    private let middle: ResidualBlock
    private let upLevels: [Level]
    private let upsamplers: [Convolution2D]
    private let outputNorm: GroupNormalization
    private let outputConvolution: Convolution2D

    /// Builds the network on `parameters`, which makes or loads each weight.
    /// - Throws: `ModelError` when the configuration is wrong or a loaded weight is missing or misshapen.
    public init(_ c: UNetConfiguration, parameters: ParameterSet, origin: String = "U-Net") throws {
        try c.validate(origin: origin)
        configuration = c
        self.parameters = parameters
        let root = parameters.root, channels = c.blockOutChannels, levels = channels.count
        let time = channels[0] * 4
        inputConvolution = try Convolution2D(root.scope("conv_in"), c.inChannels, channels[0], kernel: 3, padding: 1)
        timeEmbedding = try TimestepEmbedding(
            root.scope("time_embedding"), channels: channels[0], width: time, flipSinToCos: c.flipSinToCos,
            freqShift: c.freqShift)

        var down: [Level] = [], downsamplers: [Convolution2D] = [], skips = [channels[0]]
        for i in 0..<levels {
            let scope = root.scope("down_blocks", i)
            let inputs =
                [i == 0 ? channels[0] : channels[i - 1]]
                + Array(repeating: channels[i], count: c.layersPerBlock - 1)
            down.append(
                try Level(
                    scope, inputs: inputs, output: channels[i], time: time,
                    attention: c.downBlockTypes[i] == .attention, c))
            skips += Array(repeating: channels[i], count: c.layersPerBlock)
            guard i < levels - 1 else { continue }
            downsamplers.append(
                try Convolution2D(
                    scope.scope("downsamplers", 0).scope("conv"), channels[i], channels[i], kernel: 3, stride: 2,
                    padding: 1))
            skips.append(channels[i])
        }
        downLevels = down
        self.downsamplers = downsamplers

        middle = try ResidualBlock(
            root.scope("mid_block").scope("resnets", 0), channels[levels - 1], channels[levels - 1], time: time,
            groups: c.normNumGroups, epsilon: c.normEps)

        var up: [Level] = [], upsamplers: [Convolution2D] = [], current = channels[levels - 1]
        for i in 0..<levels {
            let scope = root.scope("up_blocks", i), output = channels[levels - 1 - i]
            var inputs: [Int] = []
            for _ in 0...c.layersPerBlock {
                inputs.append(current + skips.removeLast())
                current = output
            }
            up.append(
                try Level(
                    scope, inputs: inputs, output: output, time: time, attention: c.upBlockTypes[i] == .attention, c))
            guard i < levels - 1 else { continue }
            upsamplers.append(
                try Convolution2D(
                    scope.scope("upsamplers", 0).scope("conv"), output, output, kernel: 3, padding: 1))
        }
        upLevels = up
        self.upsamplers = upsamplers

        outputNorm = try GroupNormalization(
            root.scope("conv_norm_out"), channels[0], groups: c.normNumGroups, epsilon: c.normEps, silu: true)
        // Zero with its bias: before any training the residual is zero, so the result is exactly the pre-fill.
        outputConvolution = try Convolution2D(
            root.scope("conv_out"), channels[0], c.outChannels, kernel: 3, padding: 1, zero: true)
        try parameters.requireAllUsed()
    }

    /// Predicts from the sample [N, in, H, W] at `timesteps` [N]; H and W are multiples of `sizeMultiple`.
    public func callAsFunction(_ sample: Variable, timesteps: [Float]) -> Variable {
        precondition(
            sample.shape.count == 4 && sample.shape[1] == configuration.inChannels
                && sample.shape[0] == timesteps.count && sample.shape[2] % configuration.sizeMultiple == 0
                && sample.shape[3] % configuration.sizeMultiple == 0,
            "Diffusion: U-Net of \(configuration.inChannels) channels called with \(sample.shape)")
        let time = timeEmbedding(timesteps)
        var x = inputConvolution(sample)
        var skips = [x]
        for (i, level) in downLevels.enumerated() {
            for block in level.residuals.indices {
                x = level(block, x, time: time)
                skips.append(x)
            }
            if i < downsamplers.count {
                x = downsamplers[i](x)
                skips.append(x)
            }
        }
        x = middle(x, time: time)
        for (i, level) in upLevels.enumerated() {
            for block in level.residuals.indices {
                x = level(block, Variable.concatenated([x, skips.removeLast()]), time: time)
            }
            if i < upsamplers.count { x = upsamplers[i](x.upsampledNearest2()) }
        }
        return outputConvolution(outputNorm(x))
    }
}
