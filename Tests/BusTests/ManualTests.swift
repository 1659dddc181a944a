import Foundation
import TestSupport
import Testing

/// The programs' own description of their commands, the manual pages, and the interfaces say the same.
@Suite struct ManualTests {
    private static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../..").standardized

    /// The text of a page, with its hyphens as they are typed.
    private static func page(_ name: String) throws -> String {
        try String(contentsOf: package.appendingPathComponent("man/\(name)"), encoding: .utf8)
            .replacing("\\-", with: "-")
    }

    private static func options(in text: some StringProtocol) -> Set<String> {
        // Not within words, such as a dash in running text.
        Set(
            String(text).matches(of: /\B--[a-z][a-z-]*[a-z]/.wordBoundaryKind(.simple)).map { String($0.output) })
    }

    /// What stands below each `.SS` of a part of a page, by its title.
    private static func sections(of part: String) -> [String: String] {
        var sections: [String: String] = [:]
        for section in part.components(separatedBy: "\n.SS ").dropFirst() {
            let lines = section.split(separator: "\n", maxSplits: 1)
            sections[lines[0].filter { $0 != "\"" }] = lines.count > 1 ? String(lines[1]) : ""
        }
        return sections
    }

    /// Each command of refinectl has a section, and both have the same options.
    @Test func everyCommandOfRefinectlHasItsSectionWithItsOptions() async throws {
        let page = try Self.page("refinectl.1")
        let commands = page.components(separatedBy: "\n.SH ").first { $0.hasPrefix("COMMANDS") } ?? ""
        var sections = Self.sections(of: commands)
        let all = try await CommandDump.of("refinectl").all
        #expect(all.count > 10)
        for command in all {
            guard let section = sections.removeValue(forKey: command.name) else {
                Issue.record("refinectl.1 has no section .SS \(command.name)")
                continue
            }
            // Options of systemctl and the like are not ours.
            let named = Self.options(in: section).subtracting(["--user"])
            let own = command.options
            #expect(
                own.subtracting(named).isEmpty, "\(command.name): the manual lacks \(own.subtracting(named).sorted())")
            let others = Set(all.filter { $0.name != command.name }.flatMap(\.options))
            let unknown = named.subtracting(own).subtracting(section.contains("refinectl ") ? others : [])
            #expect(unknown.isEmpty, "\(command.name): the help lacks \(unknown.sorted())")
        }
        let groups = Set(all.map { String($0.name.prefix { $0 != " " }) })
        #expect(Set(sections.keys).subtracting(groups).isEmpty, "no such command: \(sections.keys.sorted())")
    }

    @Test func theHelpAndTheManualOfTheDaemonNameTheSameOptions() async throws {
        let named = Self.options(in: try Self.page("refined.8"))
        let own = try await CommandDump.of("refined").options
        #expect(own.count > 2)
        #expect(own.subtracting(named).isEmpty, "refined.8 lacks \(own.subtracting(named).sorted())")
        let others = Set(try await CommandDump.of("refinectl").everything.flatMap(\.options)).union(["--user"])
        let unknown = named.subtracting(own).subtracting(others)
        #expect(unknown.isEmpty, "the help of refined lacks \(unknown.sorted())")
    }

    /// Each command has a section, which names its options but for those that a part of the page has for all.
    @Test(arguments: ["refine-distill", "refine-bench"])
    func theHelpAndTheManualOfTheLaboratoryNameTheSameOptions(_ product: String) async throws {
        let parts = try Self.page("\(product).1").components(separatedBy: "\n.SH ").dropFirst()
        let shared = Self.options(
            in: parts.map { $0.components(separatedBy: "\n.SS ")[0] }.joined(separator: "\n"))
        var sections = parts.map(Self.sections).reduce(into: [:]) { $0.merge($1) { $1 } }
        let all = try await CommandDump.of(product).all
        #expect(all.count > 5)
        let everything = Set(all.flatMap(\.options))
        for command in all {
            guard let section = sections.removeValue(forKey: command.name) else {
                Issue.record("\(product).1 has no section .SS \(command.name)")
                continue
            }
            let named = Self.options(in: section)
            let lacking = command.options.subtracting(named).subtracting(shared)
            #expect(lacking.isEmpty, "\(command.name): the manual lacks \(lacking.sorted())")
            let unknown = named.subtracting(everything)
            #expect(unknown.isEmpty, "\(command.name): the help lacks \(unknown.sorted())")
        }
        #expect(sections.isEmpty, "no such command: \(sections.keys.sorted())")
        #expect(shared.subtracting(everything).isEmpty, "the help lacks \(shared.subtracting(everything).sorted())")
    }

    /// Examples are short enough for a terminal of 80 columns not to break them.
    @Test(arguments: ["refinectl", "refined", "refine-distill", "refine-bench"])
    func everyCommandHasExamplesAndEveryArgumentAMeaning(_ product: String) async throws {
        for command in try await CommandDump.of(product).everything {
            let call = "\(product) \(command.name)".trimmingCharacters(in: .whitespaces)
            let examples = (command.discussion ?? "").split(separator: "\n").filter { $0.hasPrefix("  ") }
            #expect(examples.contains { $0.contains(call) }, "the help of \(call) has no example")
            for example in examples { #expect(example.count <= 80, "\(call): \(example)") }
            #expect(!command.abstract.isEmpty, "\(call)")
            for argument in command.arguments {
                #expect(argument.abstract?.isEmpty == false, "\(call) \(argument.title) says nothing of itself")
            }
        }
    }

    @Test func exitCodesOfTheHelpAreThoseOfTheManual() async throws {
        let help = try await CommandDump.of("refinectl").discussion ?? ""
        let page = try Self.page("refinectl.1")
        let part = page.components(separatedBy: "\n.SH ").first { $0.hasPrefix("EXIT STATUS") } ?? ""
        let told = Set(part.matches(of: /(?m)^(\d+)\t/).map { String($0.output.1) }).subtracting(["0", "74"])
        let sentence = help.components(separatedBy: "sysexits").last ?? ""
        #expect(Set(sentence.matches(of: /\b\d{2,3}\b/).map { String($0.output) }) == told)
    }

    @Test func interfaceManualIsWhatTheInterfacesSay() async throws {
        let file = Self.package.appendingPathComponent("man/org.refinecontrol.Refine1.5")
        if ProcessInfo.processInfo.environment["REWRITE_INTERFACES"] != nil {
            try InterfaceManual.page.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(
            try String(contentsOf: file, encoding: .utf8) == InterfaceManual.page,
            "REWRITE_INTERFACES=1 swift test -c release --filter 'IntrospectionTests|ManualTests' writes it anew")
    }
}
