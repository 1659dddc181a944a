import Foundation
import Layers

/// What a run folder says about its run, for people and for programs.
public struct RunReport: Codable, Sendable {
    public var method: RunConfiguration.Method
    public var step: Int
    public var steps: Int
    /// The lines of metrics so far.
    public var metrics: [TrainingMetrics]

    /// Reads the folder of a run, also while it runs.
    /// - Throws: `ModelError` when it is none or is damaged.
    public init(reading path: String) throws {
        let run = try RunFolder(reading: path), configuration = try run.configuration()
        method = configuration.method
        steps = configuration.training.steps
        metrics = try run.metrics()
        step = metrics.last?.step ?? 0
    }

    /// A few lines: where the run stands, its terms at the beginning and now, its scores and the best of them.
    public var text: String {
        func number(_ value: Double, _ format: String = "%.4f") -> String { String(format: format, value) }
        var lines = ["\(method.rawValue): step \(step) of \(steps)"]
        guard let first = metrics.first, let last = metrics.last else {
            return (lines + ["no metrics yet"]).joined(separator: "\n")
        }
        lines.append("seconds per step: \(number(last.secondsPerStep, "%.2f"))")
        lines.append("error left of the pre-fill's: \(number(first.errorLeft)) at first, \(number(last.errorLeft)) now")
        for name in (last.terms ?? [:]).keys.sorted() {
            guard let before = first.terms?[name], let now = last.terms?[name] else { continue }
            lines.append("\(name): \(number(before)) at first, \(number(now)) now")
        }
        let scored = metrics.filter { $0.validation != nil }
        for set in Set(scored.flatMap { ($0.validation ?? [:]).keys }).sorted() {
            let scores = scored.compactMap { line in line.validation?[set].map { (line.step, $0) } }
            guard let now = scores.last, let best = scores.max(by: { $0.1.mean < $1.1.mean }) else { continue }
            var text = "crops of \(set): mean \(number(now.1.mean, "%.2f")), pooled \(number(now.1.pooled, "%.2f")) dB"
            if let before = scored.last?.prefill?[set] {
                text += " (pre-fill \(number(before.mean, "%.2f")), \(number(before.pooled, "%.2f")))"
            }
            lines.append("\(text); best mean \(number(best.1.mean, "%.2f")) at step \(best.0)")
        }
        return lines.joined(separator: "\n")
    }
}
