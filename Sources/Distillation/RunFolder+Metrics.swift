import Foundation
import Layers

/// One line of a run's `metrics.jsonl`.
public struct TrainingMetrics: Codable, Sendable {
    public var step: Int
    /// What is minimised; mean over the steps since the last line, as are all of the following.
    public var loss: Double
    /// Each term of the loss before its weight.
    public var terms: [String: Double]?
    /// The task's loss for a prediction of zero: what the pre-fill alone would have.
    public var prefillLoss: Double
    public var gradientNorm: Double
    public var learningRate: Float
    public var secondsPerStep: Double
    /// Scores of the averaged weights at one step, by the name of the set; where they were taken.
    public var validation: [String: ValidationSet.Score]?
    public var prefill: [String: ValidationSet.Score]?

    /// The share of the pre-fill's error that the task's loss leaves.
    public var errorLeft: Double { (terms?["task"] ?? loss) / max(prefillLoss, 1e-9) }
}

extension RunFolder {
    private var metricsFile: String { "\(path)/metrics.jsonl" }

    /// The lines of `metrics.jsonl` in order. A last line that was cut short is left out.
    /// - Throws: `ModelError` when another line is damaged.
    public func metrics() throws -> [TrainingMetrics] {
        guard let data = FileManager.default.contents(atPath: metricsFile) else { return [] }
        let isWhole = data.last == 0x0A
        let lines = data.split(separator: 0x0A)
        return try lines.enumerated().compactMap { i, line in
            if let metrics = try? JSONDecoder().decode(TrainingMetrics.self, from: line) { return metrics }
            guard i == lines.count - 1, !isWhole else {
                throw ModelError(.damagedFile, at: metricsFile, "line \(i + 1) is not one of a run's metrics")
            }
            return nil
        }
    }

    /// Drops the lines after `step`: a run that goes on from a checkpoint writes them anew.
    /// - Throws: `ModelError`.
    func dropMetrics(after step: Int) throws {
        guard FileManager.default.fileExists(atPath: metricsFile) else { return }
        var kept = Data()
        for metrics in try metrics() where metrics.step <= step { kept += try Self.line(metrics) }
        try AtomicFile.write(kept, to: metricsFile)
    }

    /// Adds one line to `metrics.jsonl`.
    /// - Throws: `ModelError` with code `cannotWrite`.
    func append(_ metrics: TrainingMetrics) throws {
        let line = try Self.line(metrics)
        if !FileManager.default.fileExists(atPath: metricsFile) { try AtomicFile.write(Data(), to: metricsFile) }
        guard let handle = FileHandle(forWritingAtPath: metricsFile) else {
            throw ModelError(.cannotWrite, at: metricsFile, "the file cannot be opened")
        }
        defer { try? handle.close() }
        do {
            try handle.seekToEnd()
            try handle.write(contentsOf: line)
        } catch {
            throw ModelError(.cannotWrite, at: metricsFile, "the line cannot be written")
        }
    }

    private static func line(_ metrics: TrainingMetrics) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return try encoder.encode(metrics) + [0x0A]
    }
}
