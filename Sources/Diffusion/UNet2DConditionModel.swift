import Autograd
import Layers
import TensorCore

/// diffusers' `UNet2DConditionModel`: a U-Net conditioned on the timestep and, where its blocks attend to it, on text,
/// with skip connections from every block.
///
/// Parameters have diffusers' names, so its `from_pretrained` loads what is written here and the other way round.
public final class UNet2DConditionModel {
    public let configuration: UNetConfiguration
    public let parameters: ParameterSet
    /// Whether a pass that trains forgets the activations within each block, and computes them again in the backward
    /// pass: the same gradients for less memory and more time.
    public var checkpoints = false

    private let encoder: UNetEncoder
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
        encoder = try UNetEncoder(root, c)
        var skips = encoder.skipChannels

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
                    scope, inputs: inputs, level: levels - 1 - i, time: c.timeEmbeddingWidth,
                    kind: c.upBlockTypes[i].kind, c))
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

    /// Predicts [N, out, H, W].
    /// - Parameters:
    ///   - sample: [N, in, H, W]; H and W are multiples of the configuration's `sizeMultiple`.
    ///   - timesteps: [N].
    ///   - encoderHiddenStates: the text states [N, L, `crossAttentionDim`]; nil leaves the transformers out.
    ///   - classLabels: vectors [N, `projectionClassEmbeddingsInputDim`]; nil leaves their embedding out.
    ///   - additionalResiduals: what a ControlNet adds to the skip connections and to the middle.
    public func callAsFunction(
        _ sample: consuming Variable, timesteps: [Float], encoderHiddenStates: Variable? = nil,
        classLabels: Variable? = nil, additionalResiduals: ControlNetModel.Residuals? = nil
    ) -> Variable {
        forward(sample, timesteps, encoderHiddenStates, classLabels, additionalResiduals) { _, _ in }
    }

    /// The same, with the last output of every stage, in the order in which they are computed.
    public func withFeatures(
        _ sample: Variable, timesteps: [Float], encoderHiddenStates: Variable? = nil,
        classLabels: Variable? = nil, additionalResiduals: ControlNetModel.Residuals? = nil
    ) -> (output: Variable, features: [StageFeature]) {
        var features: [StageFeature] = []
        let output = forward(sample, timesteps, encoderHiddenStates, classLabels, additionalResiduals) {
            features.append(StageFeature(stage: $0, value: $1))
        }
        return (output, features)
    }

    private func forward(
        _ sample: consuming Variable, _ timesteps: [Float], _ text: Variable?, _ labels: Variable?,
        _ residuals: ControlNetModel.Residuals?, tap: (StageFeature.Stage, Variable) -> Void
    ) -> Variable {
        precondition(
            sample.shape.first == timesteps.count,
            "Diffusion: \(timesteps.count) timesteps for a sample of \(sample.shape)")
        let time = encoder.time(timesteps, labels: labels)
        let stem = encoder.stem(sample)
        // Of all that is in memory during a large crop the input is among the largest.
        _ = consume sample
        var (x, skips) = encoder(stem, time: time, text: text, checkpoint: checkpoints, tap: tap)
        if let residuals {
            precondition(
                residuals.down.count == skips.count,
                "Diffusion: \(residuals.down.count) residuals for \(skips.count) skip connections")
            skips = zip(skips, residuals.down).map { $0 + $1 }
            x = x + residuals.middle
        }
        tap(.middle, x)
        for (i, level) in upLevels.enumerated() {
            for block in level.residuals.indices {
                // Given away, not lent: once they are joined, nobody needs the parts.
                let parts = [consume x, skips.removeLast()]
                x = level(block, consume parts, time: time, text: text, checkpoint: checkpoints)
            }
            tap(.up(i), x)
            if i < upsamplers.count { x = upsamplers[i](x.upsampledNearest2()) }
        }
        return outputConvolution(outputNorm(x))
    }
}
