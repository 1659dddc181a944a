import Layers
import TensorCore

/// The `config.json` of the pixel-space codec.
public struct CodecConfiguration: Codable, Sendable, Equatable {
    public var className = "SpaceToDepthCodec"
    /// Side of the square of pixels that is folded into channels.
    public var patchSize: Int
    /// σ_data: the root mean square of the residual inside holes in units of the local contrast, measured on the
    /// training data; it becomes 1.
    public var residualScale: Float
    /// The least local contrast, in units of 0...1 pixels: below it there is only noise.
    public var contrastFloor: Float

    public init(patchSize: Int = 4, residualScale: Float = 1, contrastFloor: Float = 0.01) {
        self.patchSize = patchSize
        self.residualScale = residualScale
        self.contrastFloor = contrastFloor
    }

    enum CodingKeys: String, CodingKey {
        case className = "_class_name"
        case patchSize = "patch_size"
        case residualScale = "residual_scale"
        case contrastFloor = "contrast_floor"
    }

    /// Channels of the diffusion variable.
    public var residualChannels: Int { 3 * patchSize * patchSize }
    /// Channels of the condition: pre-fill and mask folded, mean colour and contrast.
    public var conditionChannels: Int { 4 * patchSize * patchSize + 4 }

    /// - Throws: `ModelError` naming what is out of range.
    public func validate(origin: String) throws {
        guard className == "SpaceToDepthCodec" else {
            throw ModelError(.unsupportedModel, at: origin, "codec \"\(className)\" is not SpaceToDepthCodec")
        }
        guard (1...16).contains(patchSize), residualScale > 0, residualScale.isFinite, contrastFloor > 0,
            contrastFloor < 1
        else {
            throw ModelError(
                .badConfiguration, at: origin, "patch_size, residual_scale or contrast_floor is out of range")
        }
    }
}

/// Between pixels and what the network sees: folds squares of pixels into channels, in units of the local contrast.
/// Lossless, so nothing outside of a hole can shift in colour. The diffusion variable is the residual over the
/// pre-fill.
public struct SpaceToDepthCodec: Sendable {
    public let configuration: CodecConfiguration

    public init(_ configuration: CodecConfiguration) { self.configuration = configuration }

    /// What stays the same over all steps.
    public struct Condition {
        /// [N, 3 p², H/p, W/p], 1 in the hole.
        public let hole: Tensor
        /// [N, 4 p² + 4, H/p, W/p]: pre-fill in units of the local contrast and mask, folded; mean colour in -1...1;
        /// logarithm of the contrast.
        public let channels: Tensor
        /// What one unit of the residual is worth in pixels, [N, 3 p², H/p, W/p].
        public let unit: Tensor
        let prefill: Tensor
        let patch: Int

        /// The pre-fill itself in -1...1, mask, mean colour and contrast, folded: as many channels as `channels` has.
        var tones: Tensor {
            let result = Tensor(uninitialized: channels.shape), all = channels.count / channels.shape[0]
            let folded = (prefill * 2).spaceToDepth(patch), plain = all - folded.count / channels.shape[0]
            for n in 0..<channels.shape[0] {
                let (from, to) = (folded.pointer + n * (all - plain), result.pointer + n * all)
                for i in 0..<(all - plain) { to[i] = from[i] - 1 }
                (to + all - plain).update(from: channels.pointer + n * all + all - plain, count: plain)
            }
            return result
        }

        /// 1 / `unit` in the hole, 0 elsewhere.
        var unitsOfPixel: Tensor {
            let result = Tensor(uninitialized: unit.shape)
            for i in 0..<unit.count { result.pointer[i] = hole.pointer[i] / unit.pointer[i] }
            return result
        }

        /// That of the images from `first` on.
        public func suffix(from first: Int) -> Condition {
            Condition(
                hole: hole.suffix(from: first), channels: channels.suffix(from: first), unit: unit.suffix(from: first),
                prefill: prefill.suffix(from: first), patch: patch)
        }
    }

    /// - Parameters:
    ///   - prefill: [N, 3, H, W] in 0...1.
    ///   - mask: [N, 1, H, W], 1 in the hole.
    public func condition(prefill: Tensor, mask: Tensor) -> Condition {
        let patch = configuration.patchSize
        let contrast = LocalContrast(
            pixels: prefill, mask: mask, patch: patch, floor: configuration.contrastFloor)
        let folded = prefill.spaceToDepth(patch), foldedMask = mask.spaceToDepth(patch)
        let (batch, channels) = (folded.shape[0], folded.shape[1]), cells = folded.shape[2] * folded.shape[3]
        let normalized = Tensor(uninitialized: folded.shape), unit = Tensor(uninitialized: folded.shape)
        let tone = Tensor(uninitialized: [batch, 4, folded.shape[2], folded.shape[3]])
        for n in 0..<batch {
            let scale = contrast.scale.pointer + n * cells
            for channel in 0..<channels {
                let mean = contrast.mean.pointer + (n * 3 + channel / (patch * patch)) * cells
                let first = (n * channels + channel) * cells
                for i in 0..<cells {
                    normalized.pointer[first + i] = (folded.pointer[first + i] - mean[i]) / scale[i]
                    unit.pointer[first + i] = scale[i] * configuration.residualScale
                }
            }
            for i in 0..<(3 * cells) {
                tone.pointer[n * 4 * cells + i] = 2 * contrast.mean.pointer[n * 3 * cells + i] - 1
            }
            for i in 0..<cells { tone.pointer[(n * 4 + 3) * cells + i] = naturalLogarithm(scale[i] * 10) }
        }
        return Condition(
            hole: Tensor.concatenated([mask, mask, mask]).spaceToDepth(patch),
            channels: Tensor.concatenated([normalized, foldedMask, tone]), unit: unit, prefill: prefill,
            patch: patch)
    }

    /// (image - prefill) / unit, folded, 0 outside of the hole: [N, 3, H, W] to [N, 3 p², H/p, W/p].
    public func residual(image: Tensor, _ condition: Condition) -> Tensor {
        let result = (image - condition.prefill).spaceToDepth(configuration.patchSize)
        for i in 0..<result.count {
            result.pointer[i] = result.pointer[i] * condition.hole.pointer[i] / condition.unit.pointer[i]
        }
        return result
    }

    /// The reverse: prefill + unit · residual in the hole, exactly the pre-fill elsewhere. [N, 3, H, W].
    public func image(residual: Tensor, _ condition: Condition) -> Tensor {
        condition.prefill
            + (residual * condition.unit * condition.hole).depthToSpace(configuration.patchSize)
    }
}
