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
        do {
            let bus = try await BusConnection.open(.session())
            let properties = try await PersonalizationProxy(bus).properties()
            await bus.close()
            Terminal.print(json ? Self.object(properties).text : Self.words(properties))
        } catch {
            throw Failure(error).report()
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
            (
                "conditions",
                .array(
                    conditions(properties).map { condition in
                        .object(condition.sorted { $0.key < $1.key }.map { (JSON.key($0.key), JSON($0.value)) })
                    })
            ),
        ])
    }

    private static func words(_ properties: [String: BusValue]) -> String {
        let conditions = conditions(properties).map { TuningCondition($0, inhibitors: properties["Inhibitors"]) }
        let lines = conditions.map { condition in
            let name = condition.code + String(repeating: " ", count: max(0, 13 - condition.code.count))
            return "\(mark(condition)) \(name)  \(condition.words)"
        }
        // Of all that was looked at now, not of what was enough to say no before.
        var shown = properties
        let obstacles = conditions.filter(\.isObstacle).map(\.code)
        if !obstacles.isEmpty { shown["Reason"] = obstacles.busValue }
        return ([TuningText.headline(shown)] + lines).joined(separator: "\n")
    }

    private static func mark(_ condition: TuningCondition) -> String {
        let (symbol, word, color) =
            switch (condition.isObstacle, condition.verdict) {
            case (_, "met"): ("✓", "ok ", 32)
            case (false, _): ("-", "-  ", 33)
            case (true, "unknown"): ("?", "?  ", 31)
            default: ("✗", "NO ", 31)
            }
        guard Terminal.isOutputInteractive else { return word }
        return Terminal.hasOutputColors ? "\u{1b}[\(color)m\(symbol)\u{1b}[0m" : symbol
    }
}
