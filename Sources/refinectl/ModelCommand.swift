import ArgumentParser
import BusTransport
import Foundation
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
        do {
            let bus = try await BusConnection.open(.session())
            try await body(ModelsProxy(bus))
            await bus.close()
        } catch {
            throw Failure(error).report()
        }
    }

    /// What `--json` prints of one.
    static func json(_ values: [String: BusValue]) -> JSON {
        .object(values.sorted { $0.key < $1.key }.map { ($0.key, json($0.value)) })
    }

    private static func json(_ value: BusValue) -> JSON {
        switch value {
        case .string(let text): .string(text)
        case .bool(let flag): .bool(flag)
        case .uint32(let number): .integer(UInt64(number))
        case .uint64(let number): .integer(number)
        case .int64(let number): .integer(UInt64(max(number, 0)))
        case .double(let number): .number(number)
        default: .null
        }
    }

    /// Local date and time; a dash where there is none.
    static func time(_ microseconds: UInt64) -> String {
        guard microseconds > 0 else { return "-" }
        var seconds = time_t(microseconds / 1_000_000)
        var fields = tm()
        localtime_r(&seconds, &fields)
        var buffer = [CChar](repeating: 0, count: 32)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M", &fields)
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func decibels(_ value: Double) -> String { String(format: "%+.2f dB", value) }
}

/// `refinectl model list`
struct ModelList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the base model and the generations, newest first.",
        discussion: """
            An asterisk marks the one in use. Pruned ones have no files any more; withdrawn ones were rolled back.

              refinectl model list
              refinectl model list --json
            """)

    @Flag(help: "Print one JSON array.")
    var json = false

    func run() async throws {
        let json = json
        try await ModelCommand.with { models in
            let list = try await models.list()
            if json { return Terminal.print(JSON.array(list.map(ModelCommand.json)).text) }
            for model in list {
                let name: String = model["generation"]?.content() ?? ""
                let state: String = model["state"]?.content() ?? ""
                let parent: String = model["parent"]?.content() ?? ""
                let isActive: Bool = model["active"]?.content() ?? false
                let time = ModelCommand.time(model["created-at"]?.content() ?? 0)
                let fields = [
                    (isActive ? "*" : " ") + " " + name.padding(toLength: 14, withPad: " ", startingAt: 0),
                    state.padding(toLength: 10, withPad: " ", startingAt: 0),
                    time.padding(toLength: 17, withPad: " ", startingAt: 0), parent.isEmpty ? "base" : "from \(parent)",
                ]
                Terminal.print(fields.joined(separator: " "))
            }
        }
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

    @Argument(help: ArgumentHelp("As refinectl model list names it.", valueName: "generation"))
    var generation: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let (json, generation) = (json, generation)
        try await ModelCommand.with { models in
            let info = try await models.info(generation)
            if json { return Terminal.print(ModelCommand.json(info).text) }
            func line(_ name: String, _ text: String?) {
                guard let text, !text.isEmpty else { return }
                Terminal.print(name.padding(toLength: 16, withPad: " ", startingAt: 0) + text)
            }
            func number(_ key: String) -> String? {
                (info[key]?.content() as UInt32?).map(String.init)
            }
            func decibels(_ key: String) -> String? {
                (info[key]?.content() as Double?).map(ModelCommand.decibels)
            }
            line("generation", info["generation"]?.content())
            line("state", info["state"]?.content() as String?)
            line("in use", (info["active"]?.content() as Bool?) == true ? "yes" : "no")
            line("tuned from", info["parent"]?.content())
            line("made", ModelCommand.time(info["created-at"]?.content() ?? 0))
            line("steps", number("steps"))
            line("learnt from", number("photos").map { "\($0) photos" })
            line("judged by", number("held-out-photos").map { "\($0) other photos" })
            line("gain", decibels("gain"))
            if let level: Double = info["level"]?.content(), let bound = decibels("lower-bound") {
                line("at least", "\(bound) (wrong with a probability of \(String(format: "%.3g", level)))")
            }
            line("generic pictures", decibels("canary-gain").map { "\($0) against the base" })
            line("plan", info["plan"]?.content())
        }
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

    @Argument(help: ArgumentHelp("As refinectl model list names it.", valueName: "generation"))
    var generation: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let (json, generation) = (json, generation)
        try await ModelCommand.with { models in
            try await models.use(generation)
            ModelRollback.tell(generation, json)
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
        try await ModelCommand.with { models in Self.tell(try await models.rollback(), json) }
    }

    static func tell(_ generation: String, _ json: Bool) {
        Terminal.print(
            json ? JSON.object([("generation", .string(generation))]).text : "\(generation) is in use from now on")
    }
}
