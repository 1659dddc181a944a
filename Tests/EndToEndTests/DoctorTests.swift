import Foundation
import TestSupport
import Testing

/// `refinectl doctor` as a process.
@Suite struct DoctorTests {
    private func checks(_ output: String) throws -> [String: String] {
        try output.split(separator: "\n").reduce(into: [:]) { result, line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
            result[object?["check"] ?? ""] = object?["verdict"]
        }
    }

    @Test func aDaemonThatWorksPassesAndWhatFailsIsNamed() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("refine-doctor-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try TinyModel.write(to: folder.path)
        for (model, code, verdict) in [(folder.path, Int32(0), "ok"), ("/nonexistent", 69, "failed")] {
            try await PrivateBus.with { bus in
                let end = try await RunningDaemon.with(["--model", model], on: bus) {
                    try await $0.refinectl.run(["doctor", "--json"])
                }
                let found = try checks(end.output)
                #expect(end.code == code, "\(end.output)")
                #expect(found["fill"] == verdict && found["model"] == verdict, "\(end.output)")
                #expect(found["bus"] == "ok" && found["refined"] == "ok" && found["settings"] == "ok")
                #expect(found["guards"] == "ok" && found["folders"] == "ok")
                #expect(found["engine"] == (verdict == "ok" ? "ok" : "warning"))
                // The private bus has no user manager.
                #expect(found["unit"] == "warning")
            }
        }
    }

    /// What is to be done stands below each finding that is not well, and a folder that is gone is such a one.
    @Test func aFolderThatIsGoneIsToldWithItsRemedy() async throws {
        try await RunningDaemon.with(model: TinyModel.write) { daemon in
            let refinectl = daemon.refinectl
            let photos = daemon.bus.folder.appendingPathComponent("photos")
            try FileManager.default.createDirectory(at: photos, withIntermediateDirectories: true)
            #expect(try await refinectl.run(["library", "add", photos.path]).code == 0)
            try FileManager.default.removeItem(at: photos)
            try await eventually("the folder to be missed") {
                let end = try await refinectl.run(["doctor"])
                #expect(end.code == 0, "\(end.output)")
                return end.output.contains("WARN    folders   \(photos.path) is not there")
                    && end.output.contains("refinectl library remove \(photos.path)")
            }
        }
    }

    @Test func linesEndBetweenWordsWhereTheTerminalDoes() async throws {
        let refinectl = Program.product("refinectl", bus: nil)
        let plain = try await refinectl.run(["doctor"])
        var terminal = refinectl.environment
        terminal["TERM"] = "xterm"
        let shown = try await Program(executable: URL(fileURLWithPath: "/usr/bin/script"), environment: terminal).run(
            ["-qec", "stty cols 60 rows 24; exec '\(refinectl.executable.path)' doctor", "/dev/null"])
        let lines = shown.output.split(whereSeparator: \.isNewline)
        #expect(lines.allSatisfy { $0.count <= 60 }, "\(shown.output)")
        #expect(plain.output.split(separator: "\n").contains { $0.count > 60 }, "\(plain.output)")
        func words(_ text: String) -> [Substring] { text.split { $0.isWhitespace } }
        #expect(words(shown.output) == words(plain.output))
    }

    @Test func withoutABusOrWithWrongSettingsTheRemedyIsTold() async throws {
        var refinectl = Program.product("refinectl", bus: nil)
        refinectl.environment["REFINE_QUEUE_LENGTH"] = "many"
        let end = try await refinectl.run(["doctor"])
        #expect(end.code == 69)
        #expect(end.output.contains("FAILED  settings") && end.output.contains("from 1 to 64"), "\(end.output)")
        #expect(end.output.contains("FAILED  bus") && end.output.contains("dbus-run-session"), "\(end.output)")
    }
}
