import Autograd
import Layers
import TensorCore

/// The autoencoder of latent diffusion (Rombach et al. 2022; diffusers' `AutoencoderKL`): pictures to latents of an
/// eighth of their size and back. For inference alone.
public final class AutoencoderKL {
    public let configuration: AutoencoderConfiguration
    public let parameters: ParameterSet

    private let encoder: Encoder, decoder: Decoder
    private let latentIn: Convolution2D?, latentOut: Convolution2D?

    /// diffusers fixes it, whatever a configuration says.
    static let epsilon: Float = 1e-6

    /// Builds the network on `parameters`, which makes or loads each weight.
    /// - Throws: `ModelError` when the configuration is wrong or a loaded weight is missing or misshapen.
    public init(_ c: AutoencoderConfiguration, parameters: ParameterSet, origin: String = "autoencoder") throws {
        try c.validate(origin: origin)
        configuration = c
        self.parameters = parameters
        let root = parameters.root, latents = c.latentChannels
        encoder = try Encoder(root.scope("encoder"), c)
        decoder = try Decoder(root.scope("decoder"), c)
        latentOut =
            c.useQuantConv ? try Convolution2D(root.scope("quant_conv"), 2 * latents, 2 * latents, kernel: 1) : nil
        latentIn =
            c.usePostQuantConv ? try Convolution2D(root.scope("post_quant_conv"), latents, latents, kernel: 1) : nil
        try parameters.requireAllUsed()
    }

    /// Weights by the names that this model has, from a file of any version of diffusers: old ones called the parts of
    /// the attention otherwise, and some wrote them as 1x1 convolutions.
    public static func canonical(_ tensors: [String: Tensor]) -> [String: Tensor] {
        let renamed = ["query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"]
        var result: [String: Tensor] = [:]
        for (name, tensor) in tensors {
            var parts = name.split(separator: ".").map(String.init)
            guard parts.count >= 3, parts[1] == "mid_block", parts[2] == "attentions" else {
                result[name] = tensor
                continue
            }
            if let new = renamed[parts[parts.count - 2]] { parts[parts.count - 2] = new }
            let flat = tensor.shape.count == 4 && tensor.shape.suffix(2) == [1, 1]
            result[parts.joined(separator: ".")] = flat ? tensor.reshaped(Array(tensor.shape.prefix(2))) : tensor
        }
        return result
    }

    /// The mean of a picture's latents, times the scaling factor.
    /// - Parameter pixels: [N, 3, H, W] in -1...1; H and W are multiples of the configuration's `sizeFactor`.
    /// - Returns: [N, latents, H/f, W/f].
    public func encode(_ pixels: Tensor) -> Tensor {
        let factor = configuration.sizeFactor
        precondition(
            pixels.shape.count == 4 && pixels.shape[1] == 3 && pixels.shape[2] % factor == 0
                && pixels.shape[3] % factor == 0, "Diffusion: autoencoder called with \(pixels.shape)")
        let moments = encoder(Variable(pixels)), latents = configuration.latentChannels
        let mean = (latentOut?(moments) ?? moments).value.split(channels: [latents, latents])[0]
        return mean * configuration.scalingFactor
    }

    /// A picture of latents [N, latents, h, w] that were scaled by the scaling factor: [N, 3, f h, f w], not clamped.
    public func decode(_ latents: Tensor) -> Tensor {
        let unscaled = Variable(latents * (1 / configuration.scalingFactor))
        return decoder(latentIn?(unscaled) ?? unscaled).value
    }
}

/// Two residual blocks around self-attention of one head (diffusers' `UNetMidBlock2D`).
private struct Middle {
    private let first: ResidualBlock, attention: SpatialAttention, second: ResidualBlock

    init(_ scope: ParameterScope, _ channels: Int, groups: Int) throws {
        first = try ResidualBlock(
            scope.scope("resnets", 0), channels, channels, time: nil, groups: groups, epsilon: AutoencoderKL.epsilon)
        attention = try SpatialAttention(
            scope.scope("attentions", 0), channels, headDim: channels, groups: groups, epsilon: AutoencoderKL.epsilon)
        second = try ResidualBlock(
            scope.scope("resnets", 1), channels, channels, time: nil, groups: groups, epsilon: AutoencoderKL.epsilon)
    }

    func callAsFunction(_ x: Variable) -> Variable { second(attention(first(x))) }
}

private struct Encoder {
    private let input: Convolution2D, output: Convolution2D
    private let levels: [[ResidualBlock]], downsamplers: [Convolution2D]
    private let middle: Middle, norm: GroupNormalization

    init(_ scope: ParameterScope, _ c: AutoencoderConfiguration) throws {
        let channels = c.blockOutChannels, last = channels[channels.count - 1], groups = c.normNumGroups
        input = try Convolution2D(scope.scope("conv_in"), c.inChannels, channels[0], kernel: 3, padding: 1)
        levels = try channels.indices.map { i in
            try (0..<c.layersPerBlock).map { j in
                try ResidualBlock(
                    scope.scope("down_blocks", i).scope("resnets", j),
                    j > 0 ? channels[i] : channels[max(i - 1, 0)], channels[i], time: nil, groups: groups,
                    epsilon: AutoencoderKL.epsilon)
            }
        }
        downsamplers = try channels.indices.dropLast().map { i in
            try Convolution2D(
                scope.scope("down_blocks", i).scope("downsamplers", 0).scope("conv"), channels[i], channels[i],
                kernel: 3, stride: 2)
        }
        middle = try Middle(scope.scope("mid_block"), last, groups: groups)
        norm = try GroupNormalization(
            scope.scope("conv_norm_out"), last, groups: groups, epsilon: AutoencoderKL.epsilon, silu: true)
        output = try Convolution2D(scope.scope("conv_out"), last, 2 * c.latentChannels, kernel: 3, padding: 1)
    }

    func callAsFunction(_ pixels: Variable) -> Variable {
        var x = input(pixels)
        for (i, blocks) in levels.enumerated() {
            for block in blocks { x = block(x) }
            if i < downsamplers.count { x = downsamplers[i](Variable(Self.padded(x.value))) }
        }
        return output(norm(middle(x)))
    }

    /// A row of zeros below and a column to the right, and none opposite: this is how these models were trained.
    private static func padded(_ x: Tensor) -> Tensor {
        let (height, width) = (x.shape[2], x.shape[3])
        let y = Tensor(repeating: 0, shape: [x.shape[0], x.shape[1], height + 1, width + 1])
        for plane in 0..<(x.shape[0] * x.shape[1]) {
            for row in 0..<height {
                (y.pointer + (plane * (height + 1) + row) * (width + 1)).update(
                    from: x.pointer + (plane * height + row) * width, count: width)
            }
        }
        return y
    }
}

private struct Decoder {
    private let input: Convolution2D, output: Convolution2D
    private let levels: [[ResidualBlock]], upsamplers: [Convolution2D]
    private let middle: Middle, norm: GroupNormalization

    init(_ scope: ParameterScope, _ c: AutoencoderConfiguration) throws {
        let channels = Array(c.blockOutChannels.reversed()), groups = c.normNumGroups
        let last = channels[channels.count - 1]
        input = try Convolution2D(scope.scope("conv_in"), c.latentChannels, channels[0], kernel: 3, padding: 1)
        middle = try Middle(scope.scope("mid_block"), channels[0], groups: groups)
        levels = try channels.indices.map { i in
            try (0...c.layersPerBlock).map { j in
                try ResidualBlock(
                    scope.scope("up_blocks", i).scope("resnets", j), j > 0 ? channels[i] : channels[max(i - 1, 0)],
                    channels[i], time: nil, groups: groups, epsilon: AutoencoderKL.epsilon)
            }
        }
        upsamplers = try channels.indices.dropLast().map { i in
            try Convolution2D(
                scope.scope("up_blocks", i).scope("upsamplers", 0).scope("conv"), channels[i], channels[i],
                kernel: 3, padding: 1)
        }
        norm = try GroupNormalization(
            scope.scope("conv_norm_out"), last, groups: groups, epsilon: AutoencoderKL.epsilon, silu: true)
        output = try Convolution2D(scope.scope("conv_out"), last, c.outChannels, kernel: 3, padding: 1)
    }

    func callAsFunction(_ latents: Variable) -> Variable {
        var x = middle(input(latents))
        for (i, blocks) in levels.enumerated() {
            for block in blocks { x = block(x) }
            if i < upsamplers.count { x = upsamplers[i](x.upsampledNearest2()) }
        }
        return output(norm(x))
    }
}
