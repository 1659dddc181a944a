import Layers
import TensorCore

/// The `config.json` of the pixel-space codec.
public struct CodecConfiguration: Codable, Sendable, Equatable {
    public var className = "SpaceToDepthCodec"
    /// Side of the square of pixels that is folded into channels.
    public var patchSize: Int
    /// σ_data: the standard deviation of the residual inside holes, measured on the training data; it becomes 1.
    public var residualScale: Float

    public init(patchSize: Int = 4, residualScale: Float) {
        self.patchSize = patchSize
        self.residualScale = residualScale
    }

    enum CodingKeys: String, CodingKey {
        case className = "_class_name"
        case patchSize = "patch_size"
        case residualScale = "residual_scale"
    }

    /// - Throws: `ModelError` naming what is out of range.
    public func validate(origin: String) throws {
        guard className == "SpaceToDepthCodec" else {
            throw ModelError(.unsupportedModel, at: origin, "codec \"\(className)\" is not SpaceToDepthCodec")
        }
        guard (1...16).contains(patchSize), residualScale > 0, residualScale.isFinite else {
            throw ModelError(.badConfiguration, at: origin, "patch_size or residual_scale is out of range")
        }
    }
}

/// Between pixels and what the network sees: folds squares of pixels into channels. Lossless, so nothing outside of a
/// hole can shift in colour. The diffusion variable is the residual over the pre-fill, in units of σ_data.
public struct SpaceToDepthCodec: Sendable {
    public let configuration: CodecConfiguration

    public init(_ configuration: CodecConfiguration) { self.configuration = configuration }

    /// (image - prefill) / σ_data, folded: [N, 3, H, W] to [N, 3 p², H/p, W/p].
    public func residual(image: Tensor, prefill: Tensor) -> Tensor {
        ((image - prefill) * (1 / configuration.residualScale)).spaceToDepth(configuration.patchSize)
    }

    /// The reverse: prefill + σ_data · unfolded residual where `mask` [N, 3, H, W] is 1.
    public func image(residual: Tensor, prefill: Tensor, mask: Tensor) -> Tensor {
        prefill + residual.depthToSpace(configuration.patchSize) * mask * configuration.residualScale
    }

    /// What stays the same over all steps, folded: pre-fill in -1...1 and mask, [N, 4 p², H/p, W/p].
    public func condition(prefill: Tensor, mask: Tensor) -> Tensor {
        let centred = prefill * 2 - Tensor(repeating: 1, shape: prefill.shape)
        return Tensor.concatenated([centred, mask]).spaceToDepth(configuration.patchSize)
    }
}
