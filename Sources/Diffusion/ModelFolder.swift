import Foundation
import Layers
import TensorCore

/// The `model_index.json` of a pipeline folder.
public struct ModelIndex: Codable, Sendable, Equatable {
    public var className = "RefineInpaintingPipeline"
    /// What to call the model in front of a user.
    public var name: String
    /// Which state of its weights this is; every change of weights gets another one.
    public var generation: String
    /// Steps of a call that does not ask for a number.
    public var defaultSteps: Int
    /// Where the weights came from: command, seed, revision, steps and figures, for those who come after.
    public var provenance: [String: String]

    public init(name: String, generation: String, defaultSteps: Int, provenance: [String: String] = [:]) {
        self.name = name
        self.generation = generation
        self.defaultSteps = defaultSteps
        self.provenance = provenance
    }

    enum CodingKeys: String, CodingKey {
        case className = "_class_name"
        case name
        case generation
        case defaultSteps = "default_steps"
        case provenance
    }
}

/// A model on disk in diffusers' layout: `model_index.json`, and a folder each for `unet`, `scheduler` and `codec`.
public struct ModelFolder {
    public let index: ModelIndex
    public let codec: CodecConfiguration
    public let scheduler: DDIMConfiguration
    public let unet: UNetConfiguration

    public init(index: ModelIndex, codec: CodecConfiguration, scheduler: DDIMConfiguration, unet: UNetConfiguration) {
        self.index = index
        self.codec = codec
        self.scheduler = scheduler
        self.unet = unet
    }

    private enum Part {
        static let index = "model_index.json"
        static let codec = "codec/config.json"
        static let scheduler = "scheduler/scheduler_config.json"
        static let unet = "unet/config.json"
        static let weights = "unet/diffusion_pytorch_model.safetensors"
    }

    /// Reads and checks the configurations; weights are read by `unetParameters`.
    /// - Throws: `ModelError` naming the file.
    public init(reading directory: String) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw ModelError(.missingFile, at: directory, "there is no such model folder")
        }
        index = try Self.decode(ModelIndex.self, directory, Part.index)
        codec = try Self.decode(CodecConfiguration.self, directory, Part.codec)
        scheduler = try Self.decode(DDIMConfiguration.self, directory, Part.scheduler)
        unet = try Self.decode(UNetConfiguration.self, directory, Part.unet)
        try validate(directory)
    }

    private func validate(_ directory: String) throws {
        guard index.className == "RefineInpaintingPipeline" else {
            throw ModelError(
                .unsupportedModel, at: "\(directory)/\(Part.index)",
                "class \"\(index.className)\" is no inpainting model")
        }
        guard (1...64).contains(index.defaultSteps) else {
            throw ModelError(
                .badConfiguration, at: "\(directory)/\(Part.index)", "default_steps is \(index.defaultSteps)")
        }
        try codec.validate(origin: "\(directory)/\(Part.codec)")
        try unet.validate(origin: "\(directory)/\(Part.unet)")
        let input = codec.residualChannels + codec.conditionChannels, output = codec.residualChannels
        guard unet.inChannels == input, unet.outChannels == output else {
            throw ModelError(
                .badConfiguration, at: "\(directory)/\(Part.unet)",
                "in_channels and out_channels must be \(input) and \(output) for the codec's patch size")
        }
    }

    /// The U-Net's weights from the folder.
    /// - Throws: `ModelError`.
    public static func unetParameters(in directory: String, requiresGradient: Bool) throws -> ParameterSet {
        let path = "\(directory)/\(Part.weights)"
        let (tensors, _) = try Safetensors.read(path)
        return ParameterSet(loaded: tensors, origin: path, requiresGradient: requiresGradient)
    }

    /// Writes the whole folder; every file is replaced atomically, the index last.
    /// - Throws: `ModelError` with code `cannotWrite`.
    public func write(
        to directory: String, weights: [String: Tensor], as type: Safetensors.ElementType
    ) throws {
        for part in ["codec", "scheduler", "unet"] {
            do {
                try FileManager.default.createDirectory(
                    atPath: "\(directory)/\(part)", withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700])
            } catch {
                throw ModelError(.cannotWrite, at: "\(directory)/\(part)", "the folder cannot be made")
            }
        }
        try Safetensors.write(
            weights, to: "\(directory)/\(Part.weights)", as: type, metadata: ["format": "pt"])
        try Self.encode(unet, directory, Part.unet)
        try Self.encode(scheduler, directory, Part.scheduler)
        try Self.encode(codec, directory, Part.codec)
        try Self.encode(index, directory, Part.index)
    }

    private static func decode<T: Decodable>(_ type: T.Type, _ directory: String, _ part: String) throws -> T {
        let path = "\(directory)/\(part)"
        guard FileManager.default.fileExists(atPath: path) else {
            throw ModelError(.missingFile, at: path, "there is no such file")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ModelError(.unreadableFile, at: path, "the file cannot be read")
        }
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw ModelError(.badConfiguration, at: path, Self.explain(error))
        } catch {
            throw ModelError(.badConfiguration, at: path, "the file is not JSON")
        }
    }

    private static func explain(_ error: DecodingError) -> String {
        func key(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
        switch error {
        case .keyNotFound(let missing, _): return "key \"\(missing.stringValue)\" is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "key \"\(key(context.codingPath))\" has the wrong type"
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            return "key \"\(key(context.codingPath))\" has a value that is not supported"
        default: return "the file is not JSON"
        }
    }

    private static func encode(_ value: some Encodable, _ directory: String, _ part: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        var data = try encoder.encode(value)
        data.append(0x0A)
        try AtomicFile.write(data, to: "\(directory)/\(part)")
    }
}
