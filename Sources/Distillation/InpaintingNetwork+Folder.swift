import Diffusion
import Foundation
import Layers
import TensorCore

extension InpaintingNetwork {
    private static let controlNetConfiguration = "controlnet/config.json"
    private static let controlNetWeights = "controlnet/diffusion_pytorch_model.safetensors"

    /// Reads a model folder: a student's, or a teacher's with its ControlNet.
    /// - Throws: `ModelError` naming the file and what is wrong with it.
    public convenience init(directory: String, requiresGradient: Bool) throws {
        let shape = try NetworkShape(directory: directory)
        try self.init(shape) { part in
            guard part == .controlNet else {
                return try ModelFolder.unetParameters(in: directory, requiresGradient: requiresGradient)
            }
            let path = "\(directory)/\(Self.controlNetWeights)"
            return ParameterSet(
                loaded: try Safetensors.read(path).tensors, origin: path, requiresGradient: requiresGradient)
        }
    }

    /// Writes a model folder in diffusers' layout.
    /// - Throws: `ModelError` with code `cannotWrite`.
    public func write(to directory: String, index: ModelIndex, as type: Safetensors.ElementType) throws {
        // The ControlNet first: a folder counts once its index is there.
        if let controlNet, let configuration = shape.controlNet {
            do {
                try FileManager.default.createDirectory(
                    atPath: "\(directory)/controlnet", withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700])
            } catch {
                throw ModelError(.cannotWrite, at: "\(directory)/controlnet", "the folder cannot be made")
            }
            try AtomicFile.write(
                try RunFolder.encoded(configuration) + [0x0A], to: "\(directory)/\(Self.controlNetConfiguration)")
            try Safetensors.write(
                controlNet.parameters.tensors, to: "\(directory)/\(Self.controlNetWeights)", as: type,
                metadata: ["format": "pt"])
        }
        try ModelFolder(index: index, codec: shape.codec, scheduler: shape.scheduler, unet: shape.unet)
            .write(to: directory, weights: unet.parameters.tensors, as: type)
    }

    static func controlNetConfiguration(in directory: String) throws -> ControlNetConfiguration? {
        let path = "\(directory)/\(controlNetConfiguration)"
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        do {
            return try JSONDecoder().decode(ControlNetConfiguration.self, from: data)
        } catch {
            throw ModelError(.badConfiguration, at: path, "this is not the configuration of a ControlNet")
        }
    }
}
