import Autograd
import Diffusion
import Foundation
import Layers
import TensorCore

/// Teacher and student alike: a U-Net, a ControlNet and a text encoder where there are any, and what surrounds them.
///
/// A U-Net whose input has room for it sees the condition (pre-fill, mask, tone) beside the noisy residual; a
/// ControlNet sees it in any case. The text encoder learns with the others.
public final class InpaintingNetwork {
    public let shape: NetworkShape
    public let unet: UNet2DConditionModel
    public let controlNet: ControlNetModel?
    public let textEncoder: CLIPTextModel?
    public let textPrior: TextPriorModel?
    public let codec: SpaceToDepthCodec
    public let scheduler: DDIMScheduler

    /// What a network says to one noisy batch.
    public struct Prediction {
        /// x̂₀, [N, 3 p², H/p, W/p], in units of the residual.
        public let output: Variable
        /// The last output of each stage of the U-Net, finest first; empty unless asked for.
        public let features: [StageFeature]
    }

    /// A network of random weights.
    /// - Throws: `ModelError` when the shape makes no network.
    public convenience init(_ shape: NetworkShape, seed: UInt64, requiresGradient: Bool = true) throws {
        // The U-Net of a seed is the same whatever stands beside it.
        let offsets: [ModelFolder.Component: UInt64] = [
            .controlNet: 0x000C_0447_2017, .textEncoder: 0x007E_87E4, .textPrior: 0x0094_1042,
        ]
        try self.init(shape) { part in
            ParameterSet(seed: seed &+ (offsets[part] ?? 0), requiresGradient: requiresGradient)
        }
    }

    /// A network over weights that are in memory, by their names in `parameters`; other names are left alone.
    /// - Throws: `ModelError` when one is missing or misshapen.
    public convenience init(
        _ shape: NetworkShape, weights: [String: Tensor], origin: String, requiresGradient: Bool
    ) throws {
        try self.init(shape) { part in
            let prefix = "\(part.rawValue)."
            let own = weights.filter { $0.key.hasPrefix(prefix) }
            return ParameterSet(
                loaded: Dictionary(uniqueKeysWithValues: own.map { (String($0.dropFirst(prefix.count)), $1) }),
                origin: origin, requiresGradient: requiresGradient)
        }
    }

    /// The same network, of which only the text encoder and what reads its output learn; it shares the weights.
    /// - Throws: `ModelError`, for a network that reads no text.
    package func learningTextAlone() throws -> InpaintingNetwork {
        guard textEncoder != nil else {
            throw ModelError(.unsupportedModel, at: "network", "it has no text encoder that could learn alone")
        }
        let isTexts = weightsOfText
        return try learning { part, name in part == .textEncoder ? Self.learnsText(name) : isTexts(part, name) }
    }

    /// The same network, of which the text encoder and what reads its output stay as they are; it shares the weights.
    package func keepingText() throws -> InpaintingNetwork {
        let isTexts = weightsOfText
        return try learning { part, name in part != .textEncoder && !isTexts(part, name) }
    }

    /// Whether a weight outside of the text encoder reads what that says, by its part and name.
    private var weightsOfText: (ModelFolder.Component, String) -> Bool {
        // Transformers attend to text; the norm and the projections around their blocks belong to them.
        let mark = ".transformer_blocks."
        let names = parts.flatMap { $0.set.all.map(\.name) }
        let transformers = Set(
            names.compactMap { name in name.range(of: mark).map { "\(name[..<$0.lowerBound])." } })
        return { part, name in
            part == .textPrior || name.hasPrefix("class_embedding.") || transformers.contains { name.hasPrefix($0) }
        }
    }

    /// The same network whose text encoder learns words and places, and not its layers, see
    /// `CLIPTextModel.startAsMeans`; it shares the weights.
    package func keepingTextLayers() throws -> InpaintingNetwork {
        try learning { part, name in part != .textEncoder || Self.learnsText(name) }
    }

    private static func learnsText(_ name: String) -> Bool { !name.hasPrefix(CLIPTextModel.layersPrefix) }

    private func learning(_ learns: @escaping (ModelFolder.Component, String) -> Bool) throws -> InpaintingNetwork {
        try InpaintingNetwork(shape) { part in
            let tensors = parts.first { $0.component == part }?.set.tensors ?? [:]
            return ParameterSet(loaded: tensors, origin: part.rawValue) { learns(part, $0) }
        }
    }

    init(_ shape: NetworkShape, parameters: (ModelFolder.Component) throws -> ParameterSet) throws {
        self.shape = shape
        unet = try UNet2DConditionModel(shape.unet, parameters: parameters(.unet))
        controlNet = try shape.controlNet.map { try ControlNetModel($0, parameters: parameters(.controlNet)) }
        textEncoder = try shape.text.map { try CLIPTextModel($0.encoder, parameters: parameters(.textEncoder)) }
        textPrior = try shape.text?.prior.map {
            try TextPriorModel($0, codec: shape.codec, parameters: parameters(.textPrior))
        }
        codec = SpaceToDepthCodec(shape.codec)
        scheduler = try DDIMScheduler(shape.scheduler)
    }

    /// The parameters of each part that there is.
    var parts: [(component: ModelFolder.Component, set: ParameterSet)] {
        var parts = [(component: ModelFolder.Component.unet, set: unet.parameters)]
        if let controlNet { parts.append((.controlNet, controlNet.parameters)) }
        if let textEncoder { parts.append((.textEncoder, textEncoder.parameters)) }
        if let textPrior { parts.append((.textPrior, textPrior.parameters)) }
        return parts
    }

    /// Every parameter under the name of its part and its own, for example `unet.conv_in.weight`.
    public var parameters: [(name: String, variable: Variable)] {
        parts.flatMap { part, set in set.all(in: part.rawValue) }
    }

    /// Crops must have a width and height that are multiples of this.
    var sizeMultiple: Int { shape.codec.patchSize * shape.unet.sizeMultiple }

    /// The number of scalar parameters.
    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.variable.value.count } }

    /// Predicts the clean residual.
    /// - Parameters:
    ///   - noisy: x_t, [N, 3 p², H/p, W/p].
    ///   - condition: pre-fill and mask, folded as the codec does it.
    ///   - timesteps: [N].
    ///   - captions: [N], empty for what fits; nil for N empty ones, or, in a network with a text prior, for none at
    ///     all. Of no effect in a network without a text encoder.
    ///   - withFeatures: whether to hand out the stages as well.
    public func predict(
        noisy: Tensor, condition: SpaceToDepthCodec.Condition, timesteps: [Int], captions: [String]? = nil,
        withFeatures: Bool = false
    ) -> Prediction {
        precondition(
            captions.map { $0.count == timesteps.count } ?? true,
            "Distillation: \(captions?.count ?? 0) captions for \(timesteps.count) samples")
        let times = timesteps.map(Float.init), count = timesteps.count
        func input(_ channels: Int) -> Variable {
            Variable(
                channels == shape.codec.residualChannels
                    ? noisy : Tensor.concatenated([noisy, condition.channels]))
        }
        let isSilent = captions == nil && textPrior != nil
        let text = isSilent ? nil : textEmbedding(captions ?? Array(repeating: "", count: count))
        func shifted(_ output: Variable) -> Variable {
            guard let textPrior, let text else { return output }
            return output + textPrior(text, condition)
        }
        let residuals = controlNet.map {
            $0(
                input($0.configuration.backbone.inChannels), timesteps: times,
                encoderHiddenStates: $0.configuration.backbone.hiddenStates(text),
                classLabels: $0.configuration.backbone.classLabels(text), control: Variable(condition.channels))
        }
        let sample = input(shape.unet.inChannels)
        let (states, labels) = (shape.unet.hiddenStates(text), shape.unet.classLabels(text))
        guard withFeatures else {
            let output = unet(
                sample, timesteps: times, encoderHiddenStates: states, classLabels: labels,
                additionalResiduals: residuals)
            return Prediction(output: shifted(output), features: [])
        }
        let (output, features) = unet.withFeatures(
            sample, timesteps: times, encoderHiddenStates: states, classLabels: labels,
            additionalResiduals: residuals)
        return Prediction(output: shifted(output), features: features)
    }

    /// What each caption says. Without a text encoder every caption is absent.
    private func textEmbedding(_ captions: [String]) -> TextEmbedding? {
        guard let textEncoder, let tokenizer = shape.text?.tokenizer else {
            return .silent([shape.unet, shape.controlNet?.backbone].compactMap(\.self), count: captions.count)
        }
        return textEncoder.embedding(of: captions.map(tokenizer.encode))
    }

    /// Starts the input weights of the noisy residual at zero. At the last timestep it says nothing, and a network
    /// that has to unlearn it first stays at the pre-fill for thousands of steps.
    ///
    /// A ControlNet that is trained together with its U-Net gets its condition from the first step: its outputs start
    /// at zero, and need no second zero before them.
    func prepareForTraining(seed: UInt64) {
        textEncoder?.startAsMeans()
        let channels = shape.codec.residualChannels
        for set in [unet.parameters] + (controlNet.map { [$0.parameters] } ?? []) {
            guard let weights = set.tensors["conv_in.weight"] else { continue }
            let window = weights.shape[2] * weights.shape[3], filter = weights.shape[1] * window
            for output in 0..<weights.shape[0] {
                (weights.pointer + output * filter).update(repeating: 0, count: channels * window)
            }
        }
        guard let weights = controlNet?.parameters.tensors["controlnet_cond_embedding.conv_out.weight"] else { return }
        var random = SeededRandom(seed: seed, stream: 1)
        let bound = (1 / Float(weights.count / weights.shape[0])).squareRoot()
        for i in 0..<weights.count { weights.pointer[i] = (2 * random.uniform() - 1) * bound }
    }
}
