import Autograd
import Diffusion
import Foundation
import Layers
import TensorCore

/// Teacher and student alike: a U-Net, a ControlNet where there is one, and what surrounds them.
///
/// A U-Net whose input has room for it sees the condition (pre-fill, mask, tone) beside the noisy residual; a
/// ControlNet sees it in any case.
public final class InpaintingNetwork {
    public let shape: NetworkShape
    public let unet: UNet2DConditionModel
    public let controlNet: ControlNetModel?
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
        // The U-Net of a seed is the same with and without a ControlNet beside it.
        try self.init(shape) { part in
            ParameterSet(seed: part == .unet ? seed : seed &+ 0x000C_0447_2017, requiresGradient: requiresGradient)
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

    init(_ shape: NetworkShape, parameters: (NetworkPart) throws -> ParameterSet) throws {
        self.shape = shape
        unet = try UNet2DConditionModel(shape.unet, parameters: parameters(.unet))
        controlNet = try shape.controlNet.map { try ControlNetModel($0, parameters: parameters(.controlNet)) }
        codec = SpaceToDepthCodec(shape.codec)
        scheduler = try DDIMScheduler(shape.scheduler)
    }

    /// Every parameter under the name of its part and its own, for example `unet.conv_in.weight`.
    public var parameters: [(name: String, variable: Variable)] {
        let parts = [(NetworkPart.unet, unet.parameters)] + (controlNet.map { [(.controlNet, $0.parameters)] } ?? [])
        return parts.flatMap { part, set in
            set.all.map { (name: "\(part.rawValue).\($0.name)", variable: $0.variable) }
        }
    }

    /// The number of scalar parameters.
    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.variable.value.count } }

    /// Predicts the clean residual.
    /// - Parameters:
    ///   - noisy: x_t, [N, 3 p², H/p, W/p].
    ///   - timesteps: [N].
    ///   - withFeatures: whether to hand out the stages as well.
    public func predict(
        noisy: Tensor, condition: SpaceToDepthCodec.Condition, timesteps: [Int], withFeatures: Bool = false
    ) -> Prediction {
        let times = timesteps.map(Float.init), count = timesteps.count
        func input(_ channels: Int) -> Variable {
            Variable(
                channels == shape.codec.residualChannels
                    ? noisy : Tensor.concatenated([noisy, condition.channels]))
        }
        let text = textStates(count)
        let residuals = controlNet.map {
            $0(
                input($0.configuration.backbone.inChannels), timesteps: times, encoderHiddenStates: text,
                control: Variable(condition.channels))
        }
        let sample = input(shape.unet.inChannels)
        guard withFeatures else {
            let output = unet(
                sample, timesteps: times, encoderHiddenStates: text, additionalResiduals: residuals)
            return Prediction(output: output, features: [])
        }
        let (output, features) = unet.withFeatures(
            sample, timesteps: times, encoderHiddenStates: text, additionalResiduals: residuals)
        return Prediction(output: output, features: features)
    }

    /// Without a text encoder every caption is absent: one state of zeros.
    private func textStates(_ count: Int) -> Variable? {
        guard shape.unet.attendsToText else { return nil }
        return Variable(Tensor(repeating: 0, shape: [count, 1, shape.unet.crossAttentionDim]))
    }

    /// Starts the input weights of the noisy residual at zero. At the last timestep it says nothing, and a network
    /// that has to unlearn it first stays at the pre-fill for thousands of steps.
    ///
    /// A ControlNet that is trained together with its U-Net gets its condition from the first step: its outputs start
    /// at zero, and need no second zero before them.
    func prepareForTraining(seed: UInt64) {
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

/// A part of a network, as its folder and its parameters are called.
enum NetworkPart: String {
    case unet
    case controlNet = "controlnet"
}
