import Autograd
import Layers
import TensorCore

/// The half of a U-Net that goes down, and its middle: what `UNet2DConditionModel` and `ControlNetModel` share.
struct UNetEncoder {
    private let inputConvolution: Convolution2D
    private let timeEmbedding: TimestepEmbedding
    private let classEmbedding: EmbeddingProjection?
    private let levels: [Level]
    private let downsamplers: [Convolution2D]
    private let middle: MiddleBlock
    private let configuration: UNetConfiguration
    /// Channels of every skip connection, in the order in which they are made.
    let skipChannels: [Int]

    init(_ root: ParameterScope, _ c: UNetConfiguration) throws {
        configuration = c
        let channels = c.blockOutChannels, time = c.timeEmbeddingWidth
        inputConvolution = try Convolution2D(root.scope("conv_in"), c.inChannels, channels[0], kernel: 3, padding: 1)
        timeEmbedding = try TimestepEmbedding(
            root.scope("time_embedding"), channels: channels[0], width: time, flipSinToCos: c.flipSinToCos,
            freqShift: c.freqShift)
        // Zero at first: a network that gets it computes what it did without.
        classEmbedding = try c.classEmbedType.map { _ in
            try EmbeddingProjection(
                root.scope("class_embedding"), c.projectionClassEmbeddingsInputDim ?? 0, time, zero: true)
        }
        var levels: [Level] = [], downsamplers: [Convolution2D] = [], skips = [channels[0]]
        for i in channels.indices {
            let scope = root.scope("down_blocks", i)
            let inputs =
                [i == 0 ? channels[0] : channels[i - 1]]
                + Array(repeating: channels[i], count: c.layersPerBlock - 1)
            levels.append(
                try Level(scope, inputs: inputs, level: i, time: time, kind: c.downBlockTypes[i].kind, c))
            skips += Array(repeating: channels[i], count: c.layersPerBlock)
            guard i < channels.count - 1 else { continue }
            downsamplers.append(
                try Convolution2D(
                    scope.scope("downsamplers", 0).scope("conv"), channels[i], channels[i], kernel: 3, stride: 2,
                    padding: 1))
            skips.append(channels[i])
        }
        self.levels = levels
        self.downsamplers = downsamplers
        skipChannels = skips
        middle = try MiddleBlock(root.scope("mid_block"), time: time, c)
    }

    /// Timesteps [N], and class labels [N, D] where there are any, to SiLU(embedding) [N, T], with which
    /// every residual block begins.
    func time(_ timesteps: [Float], labels: Variable?) -> Variable {
        guard let classEmbedding, let labels else { return timeEmbedding(timesteps).activated(.silu) }
        let width = configuration.projectionClassEmbeddingsInputDim ?? 0
        precondition(
            labels.shape == [timesteps.count, width],
            "Diffusion: class labels \(labels.shape), the network needs [\(timesteps.count), \(width)]")
        return (timeEmbedding(timesteps) + classEmbedding(labels)).activated(.silu)
    }

    /// The first convolution: [N, in, H, W] to [N, C, H, W].
    func stem(_ sample: Variable) -> Variable {
        let c = configuration
        precondition(
            sample.shape.count == 4 && sample.shape[1] == c.inChannels && sample.shape[2] % c.sizeMultiple == 0
                && sample.shape[3] % c.sizeMultiple == 0,
            "Diffusion: network of \(c.inChannels) channels called with \(sample.shape)")
        return inputConvolution(sample)
    }

    /// From the stem's output to that of the middle, and every skip connection.
    /// - Parameters:
    ///   - checkpoint: keeps no activations of the blocks for the backward pass.
    ///   - tap: is given the last output of each stage.
    func callAsFunction(
        _ stem: Variable, time: Variable, text: Variable?, checkpoint: Bool = false,
        tap: (StageFeature.Stage, Variable) -> Void = { _, _ in }
    ) -> (middle: Variable, skips: [Variable]) {
        precondition(
            text.map {
                $0.shape.count == 3 && $0.shape[0] == stem.shape[0] && $0.shape[2] == configuration.crossAttentionDim
            }
                ?? true,
            "Diffusion: text states \(text?.shape ?? []) for a batch of \(stem.shape[0]) and a width of "
                + "\(configuration.crossAttentionDim)")
        var x = stem, skips = [x]
        for (i, level) in levels.enumerated() {
            for block in level.residuals.indices {
                x = level(block, [x], time: time, text: text, checkpoint: checkpoint)
                skips.append(x)
            }
            tap(.down(i), x)
            if i < downsamplers.count {
                x = downsamplers[i](x)
                skips.append(x)
            }
        }
        x = middle(x, time: time, text: text)
        return (x, skips)
    }
}
