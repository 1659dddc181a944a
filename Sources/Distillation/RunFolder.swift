import Foundation
import Layers
import TensorCore

/// A training run on disk, from which it can go on.
///
/// `config.json` has the settings, `network.json` the network's shape and tokenizer, `engine.json` what computed it,
/// `metrics.jsonl` a line every so many steps, `loss.svg` their curves, `samples-STEP.png` sheets of fills, and
/// `checkpoint-STEP` with the pointer `latest.json` the newest weights, averages and optimiser moments. Data and noise of
/// a step are functions of the seed and the step's number, so no other state is needed.
public struct RunFolder {
    public let path: String

    /// The state of a run after `step` steps.
    struct Checkpoint {
        var step: Int
        var weights: [String: Tensor]
        var average: [String: Tensor]
        var moments: [String: Tensor]
    }

    private struct Pointer: Codable {
        var folder: String
        var step: Int
    }

    /// Opens or makes the folder. A folder that holds another configuration is refused.
    /// - Throws: `ModelError`.
    public init(_ path: String, configuration: RunConfiguration) throws {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw ModelError(.cannotWrite, at: path, "the run folder cannot be made")
        }
        let file = "\(path)/config.json", wanted = try Self.encoded(configuration)
        guard let data = FileManager.default.contents(atPath: file) else {
            try AtomicFile.write(wanted, to: file)
            return
        }
        let kept = try? JSONDecoder().decode(RunConfiguration.self, from: data)
        guard kept != configuration else { return }
        let keys = RunConfiguration.differences(data, wanted)
        throw ModelError(
            .badConfiguration, at: file,
            "the folder holds a run with other settings (\(keys.joined(separator: ", "))); "
                + "give the same ones to go on with it, or another folder")
    }

    /// Opens the folder of a run that is there.
    /// - Throws: `ModelError` when it is none.
    public init(reading path: String) throws {
        self.path = path
        _ = try configuration()
    }

    /// The settings of the run.
    /// - Throws: `ModelError`.
    public func configuration() throws -> RunConfiguration {
        try decoded(RunConfiguration.self, "config.json", "this is not the configuration of a run")
    }

    /// The shape of the run's network, or nil before its first start.
    /// - Throws: `ModelError` when the file is damaged.
    public func networkShape() throws -> NetworkShape? {
        guard FileManager.default.fileExists(atPath: "\(path)/network.json") else { return nil }
        return try decoded(NetworkShape.self, "network.json", "this is not the shape of a network")
    }

    /// Keeps the shape of the run's network.
    /// - Throws: `ModelError` with code `cannotWrite`.
    func keep(_ shape: NetworkShape) throws {
        try AtomicFile.write(try Self.encoded(shape), to: "\(path)/network.json")
    }

    private func decoded<T: Decodable>(_ type: T.Type, _ name: String, _ problem: String) throws -> T {
        let file = "\(path)/\(name)"
        guard let data = FileManager.default.contents(atPath: file) else {
            throw ModelError(.missingFile, at: file, "there is no such file; \"\(path)\" is not the folder of a run")
        }
        guard let value = try? JSONDecoder().decode(type, from: data) else {
            throw ModelError(.badConfiguration, at: file, problem)
        }
        return value
    }

    static func encoded(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    /// The newest checkpoint, or nil in a new folder.
    /// - Throws: `ModelError` when it is damaged.
    func checkpoint() throws -> Checkpoint? {
        guard let data = FileManager.default.contents(atPath: "\(path)/latest.json") else { return nil }
        guard let pointer = try? JSONDecoder().decode(Pointer.self, from: data), !pointer.folder.contains("/") else {
            throw ModelError(.damagedFile, at: "\(path)/latest.json", "this does not point to a checkpoint")
        }
        let folder = "\(path)/\(pointer.folder)"
        return Checkpoint(
            step: pointer.step, weights: try Safetensors.read("\(folder)/weights.safetensors").tensors,
            average: try Safetensors.read("\(folder)/average.safetensors").tensors,
            moments: try Safetensors.read("\(folder)/moments.safetensors").tensors)
    }

    /// Writes a checkpoint beside the last one, points to it, then removes the last one: at every moment the folder
    /// holds a whole checkpoint.
    /// - Throws: `ModelError` with code `cannotWrite`; the last checkpoint is then intact, and what was written of the
    ///   new one is gone.
    func write(_ checkpoint: Checkpoint) throws {
        let name = "checkpoint-\(checkpoint.step)", folder = "\(path)/\(name)"
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw ModelError(.cannotWrite, at: folder, "the checkpoint folder cannot be made")
        }
        do {
            try Safetensors.write(checkpoint.weights, to: "\(folder)/weights.safetensors")
            try Safetensors.write(checkpoint.average, to: "\(folder)/average.safetensors")
            try Safetensors.write(checkpoint.moments, to: "\(folder)/moments.safetensors")
            try AtomicFile.write(
                try JSONEncoder().encode(Pointer(folder: name, step: checkpoint.step)), to: "\(path)/latest.json")
        } catch {
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for entry in entries where entry.hasPrefix("checkpoint-") && entry != name {
            try? FileManager.default.removeItem(atPath: "\(path)/\(entry)")
        }
    }
}
