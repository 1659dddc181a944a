import Autograd
import Diffusion
import Foundation
import Layers
import TensorCore

/// One component of a diffusers folder: `config.json` and its weights.
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

    /// diffusers' name of the component's class, or transformers'.
    /// - Throws: `ModelError` naming the file.
    func className() throws -> String {
        struct Header: Decodable {
            var className: String?
            var architectures: [String]?
            var modelType: String?
            enum CodingKeys: String, CodingKey {
                case className = "_class_name"
                case architectures
                case modelType = "model_type"
            }
        }
        let header = try decode(Header.self, lacking: "it is no JSON object")
        guard let name = header.className ?? header.architectures?.first ?? header.modelType else {
            throw ModelError(
                .badConfiguration, at: "\(path)/config.json", "\"_class_name\" and \"architectures\" are missing")
        }
        return name
    }

    /// The configuration as one of the types that Diffusion has.
    /// - Throws: `ModelError` naming the file.
    func configuration<T: Decodable>(_ type: T.Type) throws -> T {
        try decode(type, lacking: "a key is missing or has a value that is not supported")
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
        return try UNet2DConditionModel(
            configuration(UNetConfiguration.self), parameters: parameters(requiresGradient: requiresGradient),
            origin: path)
    }

    /// The weights of the component.
    /// - Parameters:
    ///   - file: its name without ending.
    ///   - variants: of the file, the first that is there.
    ///   - requiresGradient: whether the weights learn.
    ///   - canonical: from the names in the file to those of the model.
    /// - Throws: `ModelError` naming the file.
    func parameters(
        _ file: String = "diffusion_pytorch_model", variants: [String] = [""], requiresGradient: Bool = false,
        canonical: ([String: Tensor]) -> [String: Tensor] = { $0 }
    ) throws -> ParameterSet {
        let (tensors, origin) = try Safetensors.readWeights(file, in: path, variants: variants)
        return ParameterSet(loaded: canonical(tensors), origin: origin, requiresGradient: requiresGradient)
    }
}
