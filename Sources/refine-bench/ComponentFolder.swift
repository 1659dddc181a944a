import Autograd
import Diffusion
import Foundation
import Layers
import TensorCore

/// One component of a diffusers folder: `config.json` and `diffusion_pytorch_model.safetensors`.
struct ComponentFolder {
    let path: String

    /// `path` is the component's folder, or a pipeline's folder that has it as `component`.
    /// - Throws: `ModelError` when neither has a `config.json`.
    init(_ path: String, component: String) throws {
        guard let found = [path, "\(path)/\(component)"].first(where: Self.hasConfiguration) else {
            throw ModelError(
                .missingFile, at: "\(path)/config.json", "there is no such file, nor \(component)/config.json")
        }
        self.path = found
    }

    private static func hasConfiguration(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(path)/config.json")
    }

    /// diffusers' name of the component's class.
    func className() throws -> String {
        struct Header: Decodable {
            var className: String
            enum CodingKeys: String, CodingKey { case className = "_class_name" }
        }
        return try decode(Header.self, lacking: "\"_class_name\" is missing").className
    }

    private func decode<T: Decodable>(_ type: T.Type, lacking problem: String) throws -> T {
        let file = "\(path)/config.json"
        guard let data = FileManager.default.contents(atPath: file) else {
            throw ModelError(.unreadableFile, at: file, "the file cannot be read")
        }
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch {
            throw ModelError(.badConfiguration, at: file, problem)
        }
    }

    /// The U-Net with its weights.
    /// - Throws: `ModelError` naming the file.
    func unet(requiresGradient: Bool) throws -> UNet2DConditionModel {
        let name = try className()
        guard name == "UNet2DConditionModel" else {
            throw ModelError(.unsupportedModel, at: path, "class \"\(name)\" is not UNet2DConditionModel")
        }
        let configuration = try decode(
            UNetConfiguration.self,
            lacking: "a key of UNet2DConditionModel is missing or has a value that is not supported")
        let (tensors, weights) = try Safetensors.readWeights("diffusion_pytorch_model", in: path)
        let parameters = ParameterSet(loaded: tensors, origin: weights, requiresGradient: requiresGradient)
        return try UNet2DConditionModel(configuration, parameters: parameters, origin: path)
    }
}
