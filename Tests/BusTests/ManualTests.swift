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

    /// Each command of refinectl has a section, and both have the same options.
    @Test func everyCommandOfRefinectlHasItsSectionWithItsOptions() async throws {
        let page = try Self.page("refinectl.1")
        let commands = page.components(separatedBy: "\n.SH ").first { $0.hasPrefix("COMMANDS") } ?? ""
        var sections: [String: String] = [:]
        for part in commands.components(separatedBy: "\n.SS ").dropFirst() {
            let lines = part.split(separator: "\n", maxSplits: 1)
            sections[lines[0].filter { $0 != "\"" }] = lines.count > 1 ? String(lines[1]) : ""
        }
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

    @Test(arguments: [("refine-distill", "refine-distill.1"), ("refined", "refined.8")])
    func theHelpAndTheManualNameTheSameOptions(_ product: String, _ name: String) async throws {
        let page = try Self.page(name)
        let dump = try await CommandDump.of(product)
        let own = Set(dump.everything.flatMap(\.options))
        #expect(own.count > 2)
        let named = Self.options(in: page)
        #expect(own.subtracting(named).isEmpty, "\(name) lacks \(own.subtracting(named).sorted())")
        let others = Set(try await CommandDump.of("refinectl").everything.flatMap(\.options)).union(["--user"])
        let unknown = named.subtracting(own).subtracting(others)
        #expect(unknown.isEmpty, "the help of \(product) lacks \(unknown.sorted())")
        for command in dump.all where !command.name.isEmpty {
            #expect(page.contains(command.name), "\(name) does not tell of \(command.name)")
        }
    }

    @Test func everyCommandOfRefinectlHasExamplesAndEveryArgumentAMeaning() async throws {
        for command in try await CommandDump.of("refinectl").everything {
            let call = "refinectl \(command.name)".trimmingCharacters(in: .whitespaces)
            let hasExample = (command.discussion ?? "").split(separator: "\n").contains {
                $0.hasPrefix("  ") && $0.contains(call)
            }
            #expect(hasExample, "the help of \(call) has no example")
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
