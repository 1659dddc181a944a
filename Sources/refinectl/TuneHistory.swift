import ArgumentParser
import BusTransport
import RefineBus

/// `refinectl tune history`
struct TuneHistory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show what became of earlier runs, as a table and as a chart.",
        discussion: """
            A run's model is used when photos that it never saw are filled better than before, with enough certainty: gain \
            and its lower bound are in dB over the generation that it began with.

              refinectl tune history
              refinectl tune history --plot history.svg
              refinectl tune history --limit 5 --json
            """)

    @Option(help: ArgumentHelp("Show the newest runs only, 1 to 1000.", valueName: "number"))
    var limit: UInt32 = 100

    @Option(help: ArgumentHelp("Also write a chart to this file.", valueName: "out.svg"))
    var plot: String?

    @Flag(help: "Print one JSON object per run, a line each.")
    var json = false

    func validate() throws {
        guard (1...1000).contains(limit) else { throw ValidationError("--limit takes 1 to 1000.") }
    }

    func run() async throws {
        let (limit, plot, json) = (limit, plot, json)
        try await TuneCommand.with { tuning in
            let records = try await tuning.history(limit: limit)
            let runs = records.map(PastRun.init)
            if json {
                for record in records { Terminal.print(JSON(record).text) }
            } else if runs.isEmpty {
                Terminal.say("no run has been judged yet; see: refinectl why")
            } else {
                Terminal.print(Self.table(runs))
            }
            if let plot { try TuningChart(runs.reversed()).write(to: plot) }
        }
    }

    private static func table(_ runs: [PastRun]) -> String {
        let table = Table(
            [["ENDED", "RUN", "FROM", "PHOTOS", "STEPS", "GAIN", "AT LEAST", "VERDICT"]] + runs.map(\.cells)
        ).text()
        guard runs.count > 1 else { return table }
        let gains = runs.reversed().suffix(Terminal.width - 16).map(\.gain)
        return table + "\n\ngain per run  " + Sparkline.of(gains)
    }
}

/// One run that is over.
struct PastRun {
    let number: Int64
    /// Microseconds since 1970.
    let endedAt: UInt64
    let parent: String
    /// Empty where the model was kept out.
    let generation: String
    let verdict: String
    let steps: UInt32
    let photos: UInt32
    /// dB.
    let gain: Double
    let lowerBound: Double
    let canaryGain: Double

    init(_ record: [String: BusValue]) {
        func text(_ name: String) -> String { InpaintOptions.printable(record[name]?.content() ?? "") }
        if case .int64(let value)? = record["run"] { number = value } else { number = 0 }
        endedAt = record["ended-at"]?.content() ?? 0
        (parent, generation, verdict) = (text("parent"), text("generation"), text("verdict"))
        steps = record["steps"]?.content() ?? 0
        photos = record["photos"]?.content() ?? 0
        gain = record["gain"]?.content() ?? 0
        lowerBound = record["lower-bound"]?.content() ?? 0
        canaryGain = record["canary-gain"]?.content() ?? 0
    }

    var isAdopted: Bool { !generation.isEmpty }

    /// What became of it, in words.
    var outcome: String { isAdopted ? "in use since then as \(generation)" : "kept out: \(verdict)" }

    fileprivate var cells: [String] {
        [
            TuningText.moment(endedAt, withDay: true), "\(number)", parent, "\(photos)", "\(steps)",
            Self.decibels(gain),
            Self.decibels(lowerBound), isAdopted ? "adopted as \(generation)" : verdict,
        ]
    }

    /// `+0.52`; `-` for what was not measured.
    static func decibels(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1000 else { return "-" }
        let hundredths = Int((abs(value) * 100).rounded())
        let digits = hundredths % 100
        return (value < 0 ? "-" : "+") + "\(hundredths / 100)." + (digits < 10 ? "0\(digits)" : "\(digits)")
    }
}

/// A row of blocks whose heights are the values, the lowest at the bottom.
enum Sparkline {
    static func of(_ values: [Double]) -> String {
        let blocks = Array("▁▂▃▄▅▆▇█")
        // What was not measured stands at the bottom.
        let finite = values.filter(\.isFinite)
        guard let low = finite.min(), let high = finite.max() else { return "" }
        return String(
            values.map { value in
                guard value.isFinite, high > low else { return blocks[0] }
                return blocks[Int(((value - low) / (high - low) * 7).rounded())]
            })
    }
}
