import Diffusion
import Foundation
import Layers
import TensorCore

extension InpaintingNetwork {
    /// Reads a model folder: a student's, or a teacher's with its ControlNet; with or without a text encoder.
    /// - Throws: `ModelError` naming the file and what is wrong with it.
    public convenience init(directory: String, requiresGradient: Bool) throws {
        try self.init(NetworkShape(directory: directory)) { part in
            try ModelFolder.parameters(of: part, in: directory, requiresGradient: requiresGradient)
        }
    }

    /// Writes a model folder in diffusers' layout.
    /// - Parameters:
    ///   - directory: made where it is missing.
    ///   - index: what the folder says of itself.
    ///   - type: of the numbers in the files.
    ///   - shardBytes: the most that one file of weights takes; nil for one file of any size.
    /// - Throws: `ModelError` with code `cannotWrite`.
    public func write(
        to directory: String, index: ModelIndex, as type: Safetensors.ElementType, shardBytes: Int? = nil
    ) throws {
        var others = Dictionary(uniqueKeysWithValues: parts.map { ($0.component, $0.set.tensors) })
        others[.unet] = nil
        try ModelFolder(
            index: index, codec: shape.codec, scheduler: shape.scheduler, unet: shape.unet,
            controlNet: shape.controlNet, textEncoder: shape.text?.encoder, tokenizer: shape.text?.tokenizer,
            textPrior: shape.text?.prior
        ).write(to: directory, weights: unet.parameters.tensors, others: others, as: type, shardBytes: shardBytes)
    }
}
