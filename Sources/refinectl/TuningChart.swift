import FoundationEssentials
import Glibc

/// The history of tuning as an SVG: for each run the gain with its lower bound, and for the models in use what they have
/// gained all together.
struct TuningChart {
    private let runs: [PastRun]
    private static let width = 760.0, height = 360.0, left = 64.0, right = 20.0, top = 46.0, bottom = 64.0

    /// - Parameter runs: the oldest first.
    init(_ runs: [PastRun]) {
        self.runs = runs.filter { $0.gain.isFinite }
    }

    /// - Throws: `Failure` where the file cannot be written.
    func write(to path: String) throws {
        do {
            try Data(svg.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw Failure(
                Failure.Code.cannotCreate, "cannot write \(path)",
                hint: "check that its folder is there and can be written to")
        }
    }

    var svg: String {
        // A bound of a run with too few photos is minus infinity.
        let bounds = runs.map { $0.lowerBound.isFinite ? $0.lowerBound : $0.gain }
        let totals = Self.totals(runs)
        let values = runs.map(\.gain) + bounds + totals + [0, 0.1]
        let (low, high) = Self.rounded(values.min() ?? 0, values.max() ?? 1)
        func y(_ value: Double) -> Double {
            Self.top + (high - value) / (high - low) * (Self.height - Self.top - Self.bottom)
        }
        let step = (Self.width - Self.left - Self.right) / Double(max(runs.count, 1))
        func x(_ index: Int) -> Double { Self.left + (Double(index) + 0.5) * step }

        var parts = [
            Self.text(Self.left, 22, "Gain of each run on photos it never saw, in dB", size: 15, anchor: "start")
        ]
        for tick in Self.ticks(low, high) {
            let isZero = abs(tick) < 1e-9
            parts.append(
                Self.line(
                    Self.left, y(tick), Self.width - Self.right, y(tick), isZero ? "#444" : "#ddd", isZero ? 1.2 : 1))
            parts.append(Self.text(Self.left - 8, y(tick) + 4, PastRun.decibels(tick), anchor: "end"))
        }
        if totals.count == runs.count, !runs.isEmpty {
            let points = totals.indices.map { "\(Self.number(x($0))),\(Self.number(y(totals[$0])))" }
            parts.append(
                "<polyline points=\"\(points.joined(separator: " "))\" fill=\"none\" stroke=\"#8a8a8a\" stroke-width=\"1.5\" "
                    + "stroke-dasharray=\"5 4\"/>")
        }
        let every = max(1, Int((Double(runs.count) / 12).rounded(.up)))
        for (index, run) in runs.enumerated() {
            let color = run.isAdopted ? "#1b7837" : "#b2542d"
            parts.append(Self.line(x(index), y(bounds[index]), x(index), y(run.gain), color, 2))
            parts.append(Self.line(x(index) - 5, y(bounds[index]), x(index) + 5, y(bounds[index]), color, 2))
            parts.append(
                "<circle cx=\"\(Self.number(x(index)))\" cy=\"\(Self.number(y(run.gain)))\" r=\"5\" fill=\"\(color)\"><title>"
                    + "run \(run.number): \(PastRun.decibels(run.gain)) dB, \(Self.escaped(run.outcome))</title></circle>"
            )
            if index % every == 0 {
                let day = String(TuningText.moment(run.endedAt, withDay: true).prefix(10))
                parts.append(Self.text(x(index), Self.height - Self.bottom + 18, "\(run.number)"))
                parts.append(Self.text(x(index), Self.height - Self.bottom + 34, day, size: 10))
            }
        }
        parts.append(legend)
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(Self.width))" height="\(Int(Self.height))" \
            viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" font-family="sans-serif">
            <rect width="100%" height="100%" fill="white"/>
            \(parts.joined(separator: "\n"))
            </svg>

            """
    }

    /// What the models in use have gained over the first one, after each run.
    private static func totals(_ runs: [PastRun]) -> [Double] {
        var total = 0.0
        return runs.map { run in
            if run.isAdopted { total += run.gain }
            return total
        }
    }

    private var legend: String {
        let y = Self.height - 12
        return [
            "<circle cx=\"\(Self.left + 6)\" cy=\"\(y - 4)\" r=\"5\" fill=\"#1b7837\"/>",
            Self.text(Self.left + 16, y, "adopted", anchor: "start"),
            "<circle cx=\"\(Self.left + 96)\" cy=\"\(y - 4)\" r=\"5\" fill=\"#b2542d\"/>",
            Self.text(Self.left + 106, y, "kept out", anchor: "start"),
            Self.line(Self.left + 180, y - 4, Self.left + 180, y - 14, "#444", 2),
            Self.text(Self.left + 190, y, "down to the lower bound", anchor: "start"),
            "<path d=\"M\(Self.left + 350) \(y - 4)h24\" stroke=\"#8a8a8a\" stroke-width=\"1.5\" stroke-dasharray=\"5 4\"/>",
            Self.text(Self.left + 380, y, "sum of those adopted", anchor: "start"),
        ].joined(separator: "\n")
    }

    // MARK: Axis

    /// Distance of the ticks: 1, 2 or 5 times a power of ten, for 4 to 8 of them.
    private static func spacing(_ low: Double, _ high: Double) -> Double {
        let rough = max(high - low, 1e-6) / 5
        let power = pow(10, log10(rough).rounded(.down))
        return [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough } ?? power * 10
    }

    private static func rounded(_ low: Double, _ high: Double) -> (Double, Double) {
        let spacing = spacing(low, high)
        return ((low / spacing).rounded(.down) * spacing, (high / spacing).rounded(.up) * spacing)
    }

    private static func ticks(_ low: Double, _ high: Double) -> [Double] {
        let spacing = spacing(low, high)
        return (0...Int(((high - low) / spacing).rounded())).map { low + Double($0) * spacing }
    }

    // MARK: Shapes

    private static func number(_ value: Double) -> String { String((value * 10).rounded() / 10) }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    private static func text(
        _ x: Double, _ y: Double, _ text: String, size: Int = 12, anchor: String = "middle"
    ) -> String {
        "<text x=\"\(number(x))\" y=\"\(number(y))\" font-size=\"\(size)\" text-anchor=\"\(anchor)\" fill=\"#222\">"
            + escaped(text) + "</text>"
    }

    private static func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ color: String, _ width: Double
    ) -> String {
        "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" stroke=\"\(color)\" "
            + "stroke-width=\"\(width)\"/>"
    }
}
