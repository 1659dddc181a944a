import Foundation
import TestSupport

/// What a program made with ArgumentParser says of its own commands, by `--experimental-dump-help`.
struct CommandDump: Decodable {
    struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String
        }

        let names: [Name]?
        let valueName: String?
        let abstract: String?
        let shouldDisplay: Bool

        var title: String { names?.first.map(\.name) ?? valueName ?? "" }
    }

    private struct Root: Decodable { let command: CommandDump }

    private let commandName: String
    let abstract: String
    let discussion: String?
    private let allArguments: [Argument]?
    private let subcommands: [CommandDump]?
    /// Without the name of the program: `config show`; empty for the program itself.
    private(set) var name = ""

    private enum CodingKeys: String, CodingKey {
        case commandName, abstract, discussion, subcommands
        case allArguments = "arguments"
    }

    static func of(_ product: String) async throws -> CommandDump {
        let output = try await Program.product(product, bus: nil).run(["--experimental-dump-help"]).output
        return try JSONDecoder().decode(Root.self, from: Data(output.utf8)).command
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        commandName = try values.decode(String.self, forKey: .commandName)
        abstract = try values.decodeIfPresent(String.self, forKey: .abstract) ?? ""
        discussion = try values.decodeIfPresent(String.self, forKey: .discussion)
        allArguments = try values.decodeIfPresent([Argument].self, forKey: .allArguments)
        subcommands = try values.decodeIfPresent([CommandDump].self, forKey: .subcommands)
    }

    /// Without those that every program has.
    var arguments: [Argument] {
        (allArguments ?? []).filter { argument in
            argument.shouldDisplay && argument.names?.contains { ["help", "version"].contains($0.name) } != true
        }
    }

    /// The long options, with their dashes.
    var options: Set<String> {
        Set(arguments.flatMap { $0.names ?? [] }.filter { $0.kind == "long" }.map { "--" + $0.name })
    }

    /// The commands that do something: those without subcommands, by their full names.
    var all: [CommandDump] { everything.filter { $0.nested.isEmpty } }

    /// This one and all below it.
    var everything: [CommandDump] { [self] + nested.flatMap(\.everything) }

    private var nested: [CommandDump] {
        (subcommands ?? []).filter { $0.commandName != "help" }.map { command in
            var command = command
            command.name = name.isEmpty ? command.commandName : "\(name) \(command.commandName)"
            return command
        }
    }
}
