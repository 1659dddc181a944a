import Foundation
import TestSupport
import Testing

/// The manual pages and the help name the same options.
@Suite struct ManualTests {
    @Test(arguments: [
        ("refinectl.1", "refinectl", ["inpaint", "--help"]), ("refinectl.1", "refinectl", ["status", "--help"]),
        ("refinectl.1", "refinectl", ["jobs", "--help"]), ("refinectl.1", "refinectl", ["cancel", "--help"]),
        ("refinectl.1", "refinectl", ["monitor", "--help"]), ("refinectl.1", "refinectl", ["privacy", "--help"]),
        ("refinectl.1", "refinectl", ["library", "add", "--help"]),
        ("refinectl.1", "refinectl", ["library", "list", "--help"]),
        ("refinectl.1", "refinectl", ["model", "show", "--help"]),
        ("refined.8", "refined", ["--help"]), ("refine-distill.1", "refine-distill", ["synth", "--help"]),
        ("refine-distill.1", "refine-distill", ["grow", "--help"]),
        ("refine-distill.1", "refine-distill", ["train-teacher", "--help"]),
        ("refine-distill.1", "refine-distill", ["distill", "--help"]),
        ("refine-distill.1", "refine-distill", ["finetune", "--help"]),
        ("refine-distill.1", "refine-distill", ["personalize", "--help"]),
        ("refine-distill.1", "refine-distill", ["ablate", "--help"]),
        ("refine-distill.1", "refine-distill", ["classify", "--help"]),
        ("refine-distill.1", "refine-distill", ["train-classifier", "--help"]),
    ])
    func everyOptionOfTheHelpIsInTheManual(_ page: String, _ product: String, _ arguments: [String]) async throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../man/\(page)")
        let manual = try String(contentsOf: file.standardized, encoding: .utf8).replacing("\\-", with: "-")
        let help = try await Program.product(product, bus: nil).run(arguments)
        #expect(help.code == 0)
        let options = Set(help.output.matches(of: /--[a-z]+/).map { String($0.output) })
        #expect(options.count > 1)
        for option in options.subtracting(["--help", "--version"]) {
            #expect(manual.contains(option), "\(page) lacks \(option)")
        }
    }

    @Test func interfaceManualIsWhatTheInterfacesSay() async throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../man/org.refinecontrol.Refine1.5"
        ).standardized
        if ProcessInfo.processInfo.environment["REWRITE_INTERFACES"] != nil {
            try InterfaceManual.page.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(
            try String(contentsOf: file, encoding: .utf8) == InterfaceManual.page,
            "REWRITE_INTERFACES=1 swift test -c release --filter 'IntrospectionTests|ManualTests' writes it anew")
    }

    @Test func everyOptionOfTheManualIsInTheHelp() async throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../man/refinectl.1")
        let manual = try String(contentsOf: file.standardized, encoding: .utf8).replacing("\\-", with: "-")
        var help = ""
        for command in [
            ["inpaint"], ["jobs"], ["cancel"], ["monitor"], ["status"], ["privacy"], ["library", "add"],
            ["library", "list"], ["library", "rescan"], ["config", "show"], ["doctor"],
        ] { help += try await Program.product("refinectl", bus: nil).run(command + ["--help"]).output }
        for option in manual.matches(of: /--[a-z]+/) { #expect(help.contains(option.output), "\(option.output)") }
    }
}
