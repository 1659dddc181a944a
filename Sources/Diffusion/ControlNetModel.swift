import Autograd
import Layers
import TensorCore

/// diffusers' `ControlNetModel` (Zhang et al. 2023): a second encoder that sees a control picture beside the sample,
/// and adds what it makes of it to the skip connections and the middle of a U-Net.
///
/// Every way out of it is a 1x1 convolution that starts at zero, so that a new one changes nothing.
public final class ControlNetModel {
    /// What is added to a U-Net: one for each skip connection, in the order in which they are made, and the middle.
    public struct Residuals {
        public let down: [Variable]
        public let middle: Variable

        public init(down: [Variable], middle: Variable) {
            self.down = down
            self.middle = middle
        }
    }

    public let configuration: ControlNetConfiguration
    public let parameters: ParameterSet

    private let encoder: UNetEncoder
    private let controlIn: Convolution2D, controlOut: Convolution2D
    private let controlBlocks: [Convolution2D]
    private let downOutputs: [Convolution2D]
    private let middleOutput: Convolution2D

    /// Builds the network on `parameters`, which makes or loads each weight.
    /// - Throws: `ModelError` when the configuration is wrong or a loaded weight is missing or misshapen.
    public init(_ c: ControlNetConfiguration, parameters: ParameterSet, origin: String = "ControlNet") throws {
        try c.validate(origin: origin)
        configuration = c
        self.parameters = parameters
        let root = parameters.root, backbone = c.backbone
        encoder = try UNetEncoder(root, backbone)

        let embedding = root.scope("controlnet_cond_embedding"), widths = c.conditioningEmbeddingOutChannels
        controlIn = try Convolution2D(
            embedding.scope("conv_in"), c.conditioningChannels, widths[0], kernel: 3, padding: 1)
        // Each further width halves the control's resolution.
        var blocks: [Convolution2D] = []
        for (from, to) in zip(widths, widths.dropFirst()) {
            blocks.append(
                try Convolution2D(embedding.scope("blocks", blocks.count), from, from, kernel: 3, padding: 1))
            blocks.append(
                try Convolution2D(
                    embedding.scope("blocks", blocks.count), from, to, kernel: 3, stride: 2, padding: 1))
        }
        controlBlocks = blocks
        controlOut = try Convolution2D(
            embedding.scope("conv_out"), widths[widths.count - 1], c.blockOutChannels[0], kernel: 3, padding: 1,
            zero: true)
        downOutputs = try encoder.skipChannels.enumerated().map { i, channels in
            try Convolution2D(root.scope("controlnet_down_blocks", i), channels, channels, kernel: 1, zero: true)
        }
        let coarsest = c.blockOutChannels[c.blockOutChannels.count - 1]
        middleOutput = try Convolution2D(
            root.scope("controlnet_mid_block"), coarsest, coarsest, kernel: 1, zero: true)
        try parameters.requireAllUsed()
    }

    /// - Parameters:
    ///   - sample: [N, in, H, W], as for the U-Net.
    ///   - timesteps: [N].
    ///   - encoderHiddenStates: the text states [N, L, D].
    ///   - classLabels: vectors as for the U-Net.
    ///   - control: [N, `conditioningChannels`, fH, fW], f = the configuration's `conditioningFactor`.
    ///   - scale: how much of it is added (diffusers' `conditioning_scale`).
    public func callAsFunction(
        _ sample: Variable, timesteps: [Float], encoderHiddenStates: Variable? = nil, classLabels: Variable? = nil,
        control: Variable, scale: Float = 1
    ) -> Residuals {
        let factor = configuration.conditioningFactor
        precondition(
            control.shape.count == 4 && control.shape[1] == configuration.conditioningChannels
                && control.shape[2] == sample.shape[2] * factor && control.shape[3] == sample.shape[3] * factor
                && control.shape[0] == sample.shape[0] && timesteps.count == sample.shape[0],
            "Diffusion: control \(control.shape) for a sample of \(sample.shape)")
        var hint = controlIn(control).activated(.silu)
        for block in controlBlocks { hint = block(hint).activated(.silu) }
        let (middle, skips) = encoder(
            encoder.stem(sample) + controlOut(hint), time: encoder.time(timesteps, labels: classLabels),
            text: encoderHiddenStates)
        func scaled(_ x: Variable) -> Variable { scale == 1 ? x : x * scale }
        return Residuals(
            down: zip(skips, downOutputs).map { skip, output in scaled(output(skip)) },
            middle: scaled(middleOutput(middle)))
    }
}
