import Foundation
import Layers
import TensorCore

/// A training run on disk: `config.json`, `metrics.jsonl` and the newest checkpoint, from which it can go on.
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
    public init(_ path: String, configuration: TrainingConfiguration) throws {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw ModelError(.cannotWrite, at: path, "the run folder cannot be made")
        }
        let file = "\(path)/config.json"
        if let data = FileManager.default.contents(atPath: file) {
            guard let kept = try? JSONDecoder().decode(TrainingConfiguration.self, from: data) else {
                throw ModelError(.badConfiguration, at: file, "this is not the configuration of a run")
            }
            guard kept == configuration else {
                throw ModelError(
                    .badConfiguration, at: file,
                    "the folder holds a run with other settings; give the same ones to go on with it, or another folder"
                )
            }
        } else {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try AtomicFile.write(try encoder.encode(configuration), to: file)
        }
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
    /// - Throws: `ModelError` with code `cannotWrite`; the last checkpoint is then intact.
    func write(_ checkpoint: Checkpoint) throws {
        let name = "checkpoint-\(checkpoint.step)", folder = "\(path)/\(name)"
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw ModelError(.cannotWrite, at: folder, "the checkpoint folder cannot be made")
        }
        try Safetensors.write(checkpoint.weights, to: "\(folder)/weights.safetensors")
        try Safetensors.write(checkpoint.average, to: "\(folder)/average.safetensors")
        try Safetensors.write(checkpoint.moments, to: "\(folder)/moments.safetensors")
        try AtomicFile.write(
            try JSONEncoder().encode(Pointer(folder: name, step: checkpoint.step)), to: "\(path)/latest.json")
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for entry in entries where entry.hasPrefix("checkpoint-") && entry != name {
            try? FileManager.default.removeItem(atPath: "\(path)/\(entry)")
        }
    }

    /// Adds one line to `metrics.jsonl`.
    /// - Throws: `ModelError` with code `cannotWrite`.
    func append(_ metrics: TrainingMetrics) throws {
        let file = "\(path)/metrics.jsonl"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        var line = try encoder.encode(metrics)
        line.append(0x0A)
        if !FileManager.default.fileExists(atPath: file) { try AtomicFile.write(Data(), to: file) }
        guard let handle = FileHandle(forWritingAtPath: file) else {
            throw ModelError(.cannotWrite, at: file, "the file cannot be opened")
        }
        defer { try? handle.close() }
        do {
            try handle.seekToEnd()
            try handle.write(contentsOf: line)
        } catch {
            throw ModelError(.cannotWrite, at: file, "the line cannot be written")
        }
    }
}

/// One line of a run's `metrics.jsonl`.
public struct TrainingMetrics: Codable, Sendable {
    public var step: Int
    /// Mean over the steps since the last line.
    public var loss: Double
    /// The same for a prediction of zero: what the pre-fill alone would have.
    public var prefillLoss: Double
    public var gradientNorm: Double
    public var learningRate: Float
    public var secondsPerStep: Double
    /// Scores of the averaged weights at one step, by the name of the set; where they were taken.
    public var validation: [String: ValidationSet.Score]?
    public var prefill: [String: ValidationSet.Score]?
}
