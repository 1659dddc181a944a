import Foundation

extension AblationTable {
    /// The table as Markdown: a section for each set of crops, the seeds of an arm as mean ± half of their range.
    public func markdown() -> String {
        var lines: [String] = []
        for set in Set(rows.flatMap(\.oneStep.keys)).sorted() {
            lines += ["## Crops of \(set), inside the hole", ""]
            let more = configuration.samplingSteps
            lines += [
                "| method | steps trained | parameters | MACs at 256 | one step, s | PSNR mean | pooled | SSIM |"
                    + (more > 1 ? " PSNR mean, \(more) steps | pooled | SSIM |" : ""),
                "|---|---|---|---|---|---|---|---|" + (more > 1 ? "---|---|---|" : ""),
            ]
            for group in groups { lines.append(line(group, set)) }
            lines.append("")
        }
        return lines.joined(separator: "\n")
    }

    /// Rows of one method in the order of the table.
    private var groups: [[Row]] {
        var names: [String] = []
        for row in rows where !names.contains(row.name) { names.append(row.name) }
        return names.map { name in rows.filter { $0.name == name } }
    }

    private func line(_ group: [Row], _ set: String) -> String {
        func number(_ value: Double?, _ format: String) -> String { value.map { String(format: format, $0) } ?? "" }
        func figures(_ key: KeyPath<Row, [String: Figures]>) -> [String] {
            let all = group.compactMap { $0[keyPath: key][set] }
            return [
                Self.spread(all.map(\.mean), "%.2f"), Self.spread(all.map(\.pooled), "%.2f"),
                Self.spread(all.map(\.ssim), "%.3f"),
            ]
        }
        let first = group[0], steps = Set(group.compactMap(\.steps)).sorted().map(String.init)
        var cells = [
            first.name, steps.joined(separator: ", "), number(first.parameters.map { Double($0) / 1e6 }, "%.1f M"),
            number(first.multiplyAccumulates.map { $0 / 1e9 }, "%.2f G"), number(first.seconds, "%.3f"),
        ]
        cells += figures(\.oneStep)
        if configuration.samplingSteps > 1 { cells += figures(\.moreSteps) }
        return "| " + cells.joined(separator: " | ") + " |"
    }

    private static func spread(_ values: [Double], _ format: String) -> String {
        guard let low = values.min(), let high = values.max() else { return "" }
        let mean = String(format: format, values.reduce(0, +) / Double(values.count))
        return values.count > 1 ? "\(mean) ± \(String(format: format, (high - low) / 2))" : mean
    }
}
