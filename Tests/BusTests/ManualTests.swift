import Foundation
import TestSupport
import Testing

/// The manual pages and the help name the same options.
@Suite struct ManualTests {
    @Test(arguments: [
        ("refinectl.1", "refinectl", ["inpaint", "--help"]), ("refinectl.1", "refinectl", ["status", "--help"]),
        ("refined.8", "refined", ["--help"]),
    ])
    func everyOptionOfTheHelpIsInTheManual(_ page: String, _ product: String, _ arguments: [String]) async throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../man/\(page)")
        let manual = try String(contentsOf: file.standardized, encoding: .utf8).replacing("\\-", with: "-")
        let help = try await Program.product(product, bus: nil).run(arguments)
        #expect(help.code == 0)
        let options = Set(help.output.matches(of: /--[a-z]+/).map { String($0.output) })
        #expect(options.count > 2)
        for option in options.subtracting(["--help", "--version"]) {
            #expect(manual.contains(option), "\(page) lacks \(option)")
        }
    }

    @Test func everyOptionOfTheManualIsInTheHelp() async throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../man/refinectl.1")
        let manual = try String(contentsOf: file.standardized, encoding: .utf8).replacing("\\-", with: "-")
        var help = ""
        for command in [["inpaint"], ["status"], ["config", "show"]] {
            help += try await Program.product("refinectl", bus: nil).run(command + ["--help"]).output
        }
        for option in manual.matches(of: /--[a-z]+/) { #expect(help.contains(option.output), "\(option.output)") }
    }
}
