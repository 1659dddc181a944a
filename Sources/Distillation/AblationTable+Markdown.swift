import Foundation
import Metrics

extension AblationTable {
    /// The table as Markdown: for each set of crops one at one step and one at more, the seeds of an arm as mean ± half of
    /// their range.
    public func markdown() -> String {
        var lines = cost() + [""]
        for set in Set(rows.flatMap(\.oneStep.keys)).sorted() {
            lines += ["## Crops of \(set), at one step", ""] + table(set, \.oneStep) + [""]
            guard configuration.samplingSteps > 1 else { continue }
            lines +=
                ["## Crops of \(set), at \(configuration.samplingSteps) steps", ""] + table(set, \.moreSteps) + [""]
        }
        return lines.joined(separator: "\n")
    }

    /// What each network takes.
    private func cost() -> [String] {
        func number(_ value: Double?, _ format: String) -> String { value.map { String(format: format, $0) } ?? "" }
        var lines = [
            "| network | steps trained | parameters | MACs at 256x256 | one step, s |", "|---|---|---|---|---|",
        ]
        for group in groups where group[0].parameters != nil {
            let row = group[0], steps = Set(group.compactMap(\.steps)).sorted().map(String.init)
            let seconds = group.compactMap(\.seconds)
            lines.append(
                Self.line([
                    row.name, steps.joined(separator: ", "), number(row.parameters.map { Double($0) / 1e6 }, "%.1f M"),
                    number(row.multiplyAccumulates.map { $0 / 1e9 }, "%.2f G"), number(seconds.min(), "%.3f"),
                ]))
        }
        return lines
    }

    private func table(_ set: String, _ figures: KeyPath<Row, Figures>) -> [String] {
        let shown = groups.filter { group in group.contains { $0[keyPath: figures][set] != nil } }
        func values(_ group: [Row], _ metric: FillMetric) -> [MetricValue] {
            group.compactMap { $0[keyPath: figures][set]?[metric.rawValue] }
        }
        let all = FillMetric.allCases.filter { $0 != .psnrImage && $0 != .ssimImage }
        // A column without a number says why once, below the table.
        let columns = all.filter { metric in shown.contains { values($0, metric).contains { $0.value != nil } } }
        var lines = [
            Self.line(["fill"] + columns.map { $0.title + ($0.isBetterWhenLarger ? " ↑" : " ↓") }),
            "|" + String(repeating: "---|", count: columns.count + 1),
        ]
        for group in shown {
            lines.append(
                Self.line([group[0].name] + columns.map { Self.spread(values(group, $0), digits: $0.digits) }))
        }
        for metric in all where !columns.contains(metric) {
            let reasons = Set(
                shown.flatMap { values($0, metric) }.map { value in
                    if case .notMeasured(let reason) = value { reason } else { "" }
                })
            guard let reason = reasons.sorted().first else { continue }
            lines += ["", "\(metric.title): not measured: \(reason)"]
        }
        return lines
    }

    /// Rows of one method in the order of the table.
    private var groups: [[Row]] {
        var names: [String] = []
        for row in rows where !names.contains(row.name) { names.append(row.name) }
        return names.map { name in rows.filter { $0.name == name } }
    }

    private static func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }

    private static func spread(_ values: [MetricValue], digits: Int) -> String {
        let numbers = values.compactMap(\.value), format = "%.\(digits)f"
        guard let low = numbers.min(), let high = numbers.max() else { return "" }
        let mean = String(format: format, numbers.reduce(0, +) / Double(numbers.count))
        return numbers.count > 1 ? "\(mean) ± \(String(format: format, (high - low) / 2))" : mean
    }
}
