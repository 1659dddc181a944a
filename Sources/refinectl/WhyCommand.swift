import ArgumentParser
import BusTransport
import RefineBus

/// `refinectl why`
struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Show, condition by condition, why refined is tuning, or why it is not.",
        discussion: """
            One line for each thing that must be right; what cannot be known counts as not right.

              refinectl why
              refinectl why --json

            What keeps from tuning only for convenience is passed over by: refinectl tune start
            """)

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let json = json
        try await TuneCommand.with { tuning in
            let properties = try await tuning.properties()
            Terminal.print(json ? Self.object(properties).text : Self.words(properties))
        }
    }

    private static func conditions(_ properties: [String: BusValue]) -> [[String: BusValue]] {
        guard case .array(_, let items)? = properties["Conditions"] else { return [] }
        return items.compactMap(\.options)
    }

    private static func object(_ properties: [String: BusValue]) -> JSON {
        .object([
            ("state", .string(properties["State"]?.content() ?? "")),
            ("forced", .bool(properties["Forced"]?.content() ?? false)),
            ("reasons", .strings(properties["Reason"]?.content() ?? [])),
            ("conditions", .array(conditions(properties).map { JSON($0) })),
        ])
    }

    private static func words(_ properties: [String: BusValue]) -> String {
        let conditions = conditions(properties).map { TuningCondition($0, inhibitors: properties["Inhibitors"]) }
        let lines = conditions.map { condition in
            let name = condition.code + String(repeating: " ", count: max(0, 13 - condition.code.count))
            let (mark, width) = mark(condition)
            return Paragraph.hanging("\(mark) \(name)  ", condition.words, indent: width + name.count + 3)
        }
        // Of all that was looked at now, not of what was enough to say no before.
        var shown = properties
        let obstacles = conditions.filter(\.isObstacle).map(\.code)
        if !obstacles.isEmpty { shown["Reason"] = obstacles.busValue }
        return ([TuningText.headline(shown)] + lines).joined(separator: "\n")
    }

    /// What stands before a line, and how wide it is shown.
    private static func mark(_ condition: TuningCondition) -> (text: String, width: Int) {
        let (symbol, word, color) =
            switch (condition.isObstacle, condition.verdict) {
            case (_, "met"): ("✓", "ok ", 32)
            case (false, _): ("-", "-  ", 33)
            case (true, "unknown"): ("?", "?  ", 31)
            default: ("✗", "NO ", 31)
            }
        guard Terminal.isOutputInteractive else { return (word, word.count) }
        return (Terminal.hasOutputColors ? "\u{1b}[\(color)m\(symbol)\u{1b}[0m" : symbol, 1)
    }
}
