import ArgumentParser
import BusTransport
import RefineBus

/// `refinectl status`
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show whether refined runs, its model, its queue and its privacy guards.",
        discussion: """
            For people and for programs:

              refinectl status
              refinectl status --json

            Does not start refined. Ends with 69 where it does not run.
            """)

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let json = json
        try await Session.with { bus in
            let properties = try await ManagerProxy(bus).properties(autoStart: false)
            Terminal.print(json ? Self.object(properties).text : Self.words(properties))
        }
    }

    private static func object(_ properties: [String: BusValue]) -> JSON {
        let privacy = properties["Privacy"]?.content(as: [String: Bool].self) ?? [:]
        return .object([
            ("version", .string(properties["Version"]?.content() ?? "")),
            ("queue_length", .integer(UInt64(properties["QueueLength"]?.content(as: UInt32.self) ?? 0))),
            ("capabilities", .strings(properties["Capabilities"]?.content() ?? [])),
            ("model", JSON(properties["Model"]?.options ?? [:])),
            ("privacy", .object(privacy.sorted { $0.key < $1.key }.map { ($0.key, .bool($0.value)) })),
        ])
    }

    private static func words(_ properties: [String: BusValue]) -> String {
        let privacy = properties["Privacy"]?.content(as: [String: Bool].self) ?? [:]
        let open = privacy.filter { !$0.value }.map(\.key).sorted()
        let count = properties["QueueLength"]?.content(as: UInt32.self) ?? 0
        let guards =
            open.isEmpty
            ? "all \(privacy.count) guards hold"
            : "NOT GUARDED: \(open.joined(separator: ", ")) (see: refinectl privacy)"
        let lines = [
            ("refined", "\(properties["Version"]?.content(as: String.self) ?? "?"), running"),
            ("model", model(properties["Model"]?.options ?? [:])),
            ("queue", count == 0 ? "empty" : count == 1 ? "1 job" : "\(count) jobs"), ("privacy", guards),
        ]
        return lines.map { name, text in
            Paragraph.hanging(name + String(repeating: " ", count: 10 - name.count), text)
        }.joined(separator: "\n")
    }

    private static func model(_ model: [String: BusValue]) -> String {
        func text(_ key: String) -> String { model[key]?.content() ?? "" }
        switch text("state") {
        case "ready":
            let parameters: UInt64 = model["parameters"]?.content() ?? 0
            let steps: UInt32 = model["default-steps"]?.content() ?? 0
            let millions = Double(parameters / 10_000) / 100
            return "\(text("name")), generation \(text("generation")), \(millions) million parameters, "
                + "\(steps) step\(steps == 1 ? "" : "s") by default"
        case "missing":
            let error = RefineError(name: text("error"), message: text("message"))
            return "MISSING: \(error?.detail ?? text("message"))" + (error.map { "; \($0.remedy)" } ?? "")
        default: return "loading"
        }
    }
}
