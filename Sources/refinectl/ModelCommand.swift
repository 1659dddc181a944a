import ArgumentParser
import BusTransport
import Glibc
import RefineBus

/// `refinectl model`
struct ModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "See which weights fills are made with, and choose others.",
        discussion: """
            The base model came with the package. A generation is what it became by learning your photos; one is put in \
            use only where photos that it did not learn from say that it is better.

              refinectl model list
              refinectl model show personal-3
              refinectl model use base-2
              refinectl model rollback
            """,
        subcommands: [ModelList.self, ModelShow.self, ModelUse.self, ModelRollback.self])

    /// Runs `body` with the models, and says what went wrong.
    static func with(_ body: (ModelsProxy) async throws -> Void) async throws {
        try await Session.with { try await body(ModelsProxy($0)) }
    }

    /// Says which one fills are made with now.
    static func tell(_ generation: String, json: Bool) {
        Terminal.print(
            json ? JSON.object([("generation", .string(generation))]).text : "\(generation) is in use from now on")
    }

    /// When it was made, by the user's clock; nil for one that came with the package.
    fileprivate static func creation(_ model: [String: BusValue]) -> String? {
        let time: UInt64 = model["created-at"]?.content() ?? 0
        return time == 0 ? nil : TuningText.moment(time, withDay: true)
    }
}

/// Which generation a command is about.
struct GenerationChoice: ParsableArguments {
    @Argument(help: ArgumentHelp("As refinectl model list names it.", valueName: "generation"))
    var generation: String

    @Flag(help: "Print one JSON object.")
    var json = false
}

/// `refinectl model list`
struct ModelList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the base model and the generations, newest first.",
        discussion: """
            An asterisk marks the one in use. Pruned ones have no files any more; withdrawn ones were rolled back; damaged \
            ones are not used.

              refinectl model list
              refinectl model list --json
            """)

    @Flag(help: "Print a JSON array.")
    var json = false

    func run() async throws {
        let json = json
        try await ModelCommand.with { models in
            let list = try await models.list()
            Terminal.print(json ? JSON.array(list.map { JSON($0) }).text : Self.table(list))
        }
    }

    private static func table(_ list: [[String: BusValue]]) -> String {
        let rows = list.map { model -> [String] in
            func text(_ key: String) -> String { model[key]?.content() ?? "" }
            let mark = model["active"]?.content() == true ? "* " : "  "
            return [
                mark + text("generation"), text("state"), ModelCommand.creation(model) ?? "-",
                text("parent").isEmpty ? "the package" : text("parent"),
            ]
        }
        return Table([["  GENERATION", "STATE", "MADE", "FROM"]] + rows).text()
    }
}

/// `refinectl model show`
struct ModelShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Tell where a generation comes from, and what was found about it.",
        discussion: """
            Gains are dB of PSNR inside holes, on photos that it did not learn from.

              refinectl model show personal-3
            """)

    @OptionGroup var choice: GenerationChoice

    func run() async throws {
        let choice = choice
        try await ModelCommand.with { models in
            let info = try await models.info(choice.generation)
            Terminal.print(choice.json ? JSON(info).text : Self.words(info))
        }
    }

    /// Three digits, as %.3g of printf(3) writes them.
    private static func short(_ value: Double) -> String {
        withVaList([value]) { arguments in
            var buffer = [CChar](repeating: 0, count: 32)
            vsnprintf(&buffer, buffer.count, "%.3g", arguments)
            return buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        }
    }

    private static func words(_ info: [String: BusValue]) -> String {
        func number(_ key: String) -> String? { info[key]?.content(as: UInt32.self).map(String.init) }
        func decibels(_ key: String) -> String? {
            info[key]?.content(as: Double.self).map { "\(PastRun.decibels($0)) dB" }
        }
        var lines: [(name: String, text: String?)] = [
            ("generation", info["generation"]?.content()), ("state", info["state"]?.content()),
            ("in use", info["active"]?.content() == true ? "yes" : "no"),
            ("tuned from", info["parent"]?.content()), ("made", ModelCommand.creation(info)),
            ("steps", number("steps")), ("learnt from", number("photos").map { "\($0) photos" }),
            ("judged by", number("held-out-photos").map { "\($0) other photos" }), ("gain", decibels("gain")),
        ]
        if let level: Double = info["level"]?.content(), let bound = decibels("lower-bound") {
            lines.append(("at least", "\(bound) (wrong with a probability of \(Self.short(level)))"))
        }
        lines += [
            ("generic pictures", decibels("canary-gain").map { "\($0) against the base" }),
            ("plan", info["plan"]?.content()),
        ]
        return Table(lines.compactMap { line in line.text.flatMap { $0.isEmpty ? nil : [line.name, $0] } }).text()
    }
}

/// `refinectl model use`
struct ModelUse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "use",
        abstract: "Fill with this generation, or with the base, from now on.",
        discussion: """
            Jobs that run are finished with the one before.

              refinectl model use personal-2
              refinectl model use base-2
            """)

    @OptionGroup var choice: GenerationChoice

    func run() async throws {
        let choice = choice
        try await ModelCommand.with { models in
            try await models.use(choice.generation)
            ModelCommand.tell(choice.generation, json: choice.json)
        }
    }
}

/// `refinectl model rollback`
struct ModelRollback: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Fill with the parent of the generation in use from now on.",
        discussion: """
            The one before is kept, and can be used again by its name.

              refinectl model rollback
            """)

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let json = json
        try await ModelCommand.with { ModelCommand.tell(try await $0.rollback(), json: json) }
    }
}
