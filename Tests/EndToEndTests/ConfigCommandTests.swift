import Foundation
import TestSupport
import Testing

/// `refinectl config` and refined as processes, on files of their own.
@Suite struct ConfigCommandTests {
    private func with(_ body: (URL, Program) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "refine-settings-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var program = Program.product("refinectl", bus: nil)
        program.environment["XDG_CONFIG_HOME"] = folder.path
        program.environment["XDG_CONFIG_DIRS"] = folder.appendingPathComponent("none").path
        try await body(folder.appendingPathComponent("refine-control/refined.toml"), program)
    }

    @Test func whatIsSetIsShownWithItsOrigin() async throws {
        try await with { file, refinectl in
            let set = try await refinectl.run(["config", "set", "jobs.queue-length", "16"])
            #expect(set.code == 0 && set.errors.isEmpty, "\(set.errors)")
            #expect(try await refinectl.run(["config", "get", "jobs.queue-length"]).output == "16\n")
            let shown = try await refinectl.run(["config", "show", "--origin"])
            let line = shown.output.split(separator: "\n").first { $0.hasPrefix("jobs.queue-length") } ?? ""
            #expect(line.split(separator: " ") == ["jobs.queue-length", "16", "\(file.path):2"], "\(shown.output)")
            #expect(shown.output.split(separator: "\n").contains { $0.hasSuffix("built in") })
            let json = try await refinectl.run(["config", "show", "--json"])
            let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: [String: Any]]
            #expect(object?["jobs.queue-length"]?["value"] as? Int == 16)
            #expect(object?["jobs.queue-length"]?["default"] as? Int == 32)
            #expect(try await refinectl.run(["config", "check"]).code == 0)
        }
    }

    @Test func wrongKeysAndValuesAreToldAndChangeNothing() async throws {
        try await with { file, refinectl in
            let key = try await refinectl.run(["config", "set", "jobs.queue-lenght", "16"])
            #expect(key.code == 64 && key.errors.contains("did you mean jobs.queue-length?"))
            let value = try await refinectl.run(["config", "set", "jobs.queue-length", "many"])
            #expect(value.code == 64 && value.errors.contains("from 1 to 64"))
            #expect(!FileManager.default.fileExists(atPath: file.path))
        }
    }

    @Test func aWrongFileHasItsLineNamedAndKeepsTheDaemonFromStarting() async throws {
        try await with { file, refinectl in
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try "[jobs]\nqueue = 3\n".write(to: file, atomically: true, encoding: .utf8)
            let check = try await refinectl.run(["config", "check"])
            #expect(check.code == 78 && check.errors.contains("\(file.path):2: there is no setting jobs.queue"))
            try await PrivateBus.with { bus in
                var refined = Program.product("refined", bus: bus)
                refined.environment["XDG_CONFIG_HOME"] = refinectl.environment["XDG_CONFIG_HOME"]
                let end = try await refined.run([])
                #expect(end.code == 78 && end.errors.contains(":2: "), "\(end.errors)")
            }
        }
    }
}
