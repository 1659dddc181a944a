import Foundation

/// Several ways of filling the same samples, side by side.
public struct FillReport {
    public let rows: [FillScores]
    /// Columns, from left to right.
    public let metrics: [FillMetric]
    private let evaluator: FillEvaluator

    /// - Parameters:
    ///   - rows: at least one; differences are to the first.
    ///   - evaluator: the one that made them.
    public init(rows: [FillScores], _ evaluator: FillEvaluator) {
        precondition(!rows.isEmpty, "Metrics: a report without rows")
        self.rows = rows
        self.evaluator = evaluator
        metrics = FillMetric.allCases.filter { metric in rows.contains { $0.values[metric] != nil } }
    }

    /// Those of a table: the whole picture is left out where there are holes, which dilute it.
    private var shownMetrics: [FillMetric] {
        metrics.filter { evaluator.hasHoles ? $0 != .psnrImage && $0 != .ssimImage : $0 != .psnr && $0 != .ssim }
    }

    private func samples(of content: ContentClass) -> [Int] {
        evaluator.samples.indices.filter { evaluator.samples[$0].content == content }
    }

    /// Three tables: all samples, differences to the first row, and by content.
    public var markdown: String {
        var lines = [
            "\(evaluator.samples.count) samples of \(evaluator.bootstrap.photoCount) photos; in brackets 95 % by "
                + "bootstrap over photos; " + (evaluator.hasHoles ? "over holes only" : "over whole pictures"), "",
        ]
        let shown = shownMetrics
        lines += Self.head(["fill"] + shown.map { $0.title + ($0.isBetterWhenLarger ? " ↑" : " ↓") })
        for row in rows {
            lines.append(Self.line([row.name] + shown.map { Self.cell(row.values[$0], digits: $0.digits) }))
        }
        let means = shown.filter { metric in rows.allSatisfy { $0.value(metric, over: [0]) != nil } }
        if rows.count > 1 {
            lines += ["", "Difference to \(rows[0].name):", ""] + Self.head(["fill"] + means.map(\.title))
            for row in rows.dropFirst() {
                let cells = means.map { metric in
                    Self.cell(
                        row.difference(metric, to: rows[0], photos: evaluator.bootstrap), digits: metric.digits,
                        signed: true)
                }
                lines.append(Self.line([row.name] + cells))
            }
        }
        lines += ["", "By content: \(means.map(\.title).joined(separator: " / "))", ""]
        let contents = ContentClass.allCases.map { ($0, samples(of: $0)) }.filter { !$0.1.isEmpty }
        lines += Self.head(["fill"] + contents.map { "\($0.0.rawValue) (\($0.1.count))" })
        for row in rows {
            let cells = contents.map { _, samples in
                means.map { metric in
                    row.value(metric, over: samples).map { Self.number($0, metric.digits) } ?? "-"
                }.joined(separator: " / ")
            }
            lines.append(Self.line([row.name] + cells))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func head(_ cells: [String]) -> [String] {
        [line(cells), "|" + String(repeating: "---|", count: cells.count)]
    }

    private static func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }

    private static func number(_ value: Double, _ digits: Int, signed: Bool = false) -> String {
        String(format: signed ? "%+.\(digits)f" : "%.\(digits)f", value)
    }

    private static func cell(_ value: MetricValue?, digits: Int, signed: Bool = false) -> String {
        switch value {
        case nil: return "-"
        case .notMeasured(let reason): return "not measured: \(reason)"
        case .measured(let value, let interval):
            let text = number(value, digits, signed: signed)
            guard let interval else { return text }
            return "\(text) [\(number(interval.lowerBound, digits, signed: signed)), "
                + "\(number(interval.upperBound, digits, signed: signed))]"
        }
    }
}

extension FillReport: Encodable {
    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// `{"samples", "photos", "holes", "rows": [{"name", "metrics": {KEY: {"value", "interval"} or {"not_measured"}},
    /// "difference": {KEY: ...}, "content": {CLASS: {"samples", KEY: number}}}]}`; differences are to the first row.
    public func encode(to encoder: any Encoder) throws {
        var report = encoder.container(keyedBy: Key.self)
        try report.encode(evaluator.samples.count, forKey: Key("samples"))
        try report.encode(evaluator.bootstrap.photoCount, forKey: Key("photos"))
        try report.encode(evaluator.hasHoles, forKey: Key("holes"))
        var list = report.nestedUnkeyedContainer(forKey: Key("rows"))
        for (index, row) in rows.enumerated() {
            var entry = list.nestedContainer(keyedBy: Key.self)
            try entry.encode(row.name, forKey: Key("name"))
            var values = entry.nestedContainer(keyedBy: Key.self, forKey: Key("metrics"))
            for metric in metrics { try values.encodeIfPresent(row.values[metric], forKey: Key(metric.rawValue)) }
            if index > 0 {
                var differences = entry.nestedContainer(keyedBy: Key.self, forKey: Key("difference"))
                for metric in metrics {
                    try differences.encodeIfPresent(
                        row.difference(metric, to: rows[0], photos: evaluator.bootstrap), forKey: Key(metric.rawValue))
                }
            }
            var contents = entry.nestedContainer(keyedBy: Key.self, forKey: Key("content"))
            for content in ContentClass.allCases {
                let chosen = samples(of: content)
                guard !chosen.isEmpty else { continue }
                var part = contents.nestedContainer(keyedBy: Key.self, forKey: Key(content.rawValue))
                try part.encode(chosen.count, forKey: Key("samples"))
                for metric in metrics {
                    try part.encodeIfPresent(row.value(metric, over: chosen), forKey: Key(metric.rawValue))
                }
            }
        }
    }
}
