import Foundation

/// A run's curves as an SVG: each term of the loss on top, the gain over the pre-fill on validation crops below.
public struct LossCurve {
    private let metrics: [TrainingMetrics]

    public init(_ metrics: [TrainingMetrics]) { self.metrics = metrics }

    private struct Line {
        var name: String
        var points: [(x: Double, y: Double)]
    }

    private static let width = 760.0, panelHeight = 260.0, left = 64.0, right = 170.0, top = 34.0, gap = 56.0
    /// Told apart also by those who see few colours (Okabe and Ito 2008).
    private static let colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]

    public func svg() -> String {
        let names = Set(metrics.flatMap { ($0.terms ?? [:]).keys }).sorted()
        var losses = names.map { name in
            Line(name: name, points: metrics.compactMap { line in line.terms?[name].map { (Double(line.step), $0) } })
        }
        losses.append(Line(name: "pre-fill alone", points: metrics.map { (Double($0.step), $0.prefillLoss) }))
        let sets = Set(metrics.flatMap { ($0.validation ?? [:]).keys }).sorted()
        let gains = sets.flatMap { set in
            [("mean", \ValidationSet.Score.mean), ("pooled", \ValidationSet.Score.pooled)].map { name, key in
                Line(
                    name: "\(set) \(name)",
                    points: metrics.compactMap { line in
                        guard let score = line.validation?[set], let before = line.prefill?[set] else { return nil }
                        return (Double(line.step), score[keyPath: key] - before[keyPath: key])
                    })
            }
        }
        var panels = [(title: "loss terms", lines: losses)]
        if !gains.isEmpty { panels.append((title: "PSNR over the pre-fill, dB", lines: gains)) }
        let height = Self.top + Double(panels.count) * (Self.panelHeight + Self.gap)
        var parts = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(Self.width))" height="\(Int(height))" \
            font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>
            """
        ]
        for (i, panel) in panels.enumerated() {
            parts += Self.panel(
                panel.title, panel.lines, top: Self.top + Double(i) * (Self.panelHeight + Self.gap))
        }
        return (parts + ["</svg>", ""]).joined(separator: "\n")
    }

    private static func panel(_ title: String, _ lines: [Line], top: Double) -> [String] {
        let points = lines.flatMap(\.points).filter { $0.y.isFinite }
        let span = width - left - right, lastStep = max(points.map(\.x).max() ?? 1, 1)
        var low = min(points.map(\.y).min() ?? 0, 0), high = points.map(\.y).max() ?? 1
        if high - low < 1e-9 { (low, high) = (low, low + 1) }
        func place(_ x: Double, _ y: Double) -> String {
            String(
                format: "%.1f,%.1f", left + x / lastStep * span,
                top + panelHeight - (y - low) / (high - low) * panelHeight)
        }
        var parts = [
            "<text x=\"\(left)\" y=\"\(top - 10)\" font-weight=\"bold\">\(title)</text>",
            "<rect x=\"\(left)\" y=\"\(top)\" width=\"\(span)\" height=\"\(panelHeight)\" fill=\"none\" stroke=\"#888\"/>",
        ]
        for i in 0...4 {
            let y = low + (high - low) * Double(i) / 4, at = top + panelHeight * (1 - Double(i) / 4)
            let label = String(format: "%.3g", y)
            parts.append("<text x=\"\(left - 6)\" y=\"\(at + 4)\" text-anchor=\"end\">\(label)</text>")
            let step = Int(lastStep * Double(i) / 4), x = left + span * Double(i) / 4
            parts.append(
                "<text x=\"\(x)\" y=\"\(top + panelHeight + 16)\" text-anchor=\"middle\">\(step)</text>")
        }
        for (i, line) in lines.enumerated() {
            let colour = colours[i % colours.count], y = top + 14 + Double(i) * 18
            let path = line.points.filter { $0.y.isFinite }.map { place($0.x, $0.y) }.joined(separator: " ")
            parts.append("<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.5\"/>")
            parts.append("<text x=\"\(width - right + 10)\" y=\"\(y)\" fill=\"\(colour)\">\(line.name)</text>")
        }
        return parts
    }
}
