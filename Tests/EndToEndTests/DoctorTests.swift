import Foundation
import TestSupport
import Testing

/// `refinectl doctor` and `refinectl completions` as processes.
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
                let daemon = try Program.product("refined", bus: bus).start(["--model", model])
                defer { daemon.send(SIGKILL) }
                let refinectl = Program.product("refinectl", bus: bus)
                try await eventually("the daemon on the bus") { try await refinectl.run(["status"]).code == 0 }
                let end = try await refinectl.run(["doctor", "--json"])
                let found = try checks(end.output)
                #expect(end.code == code, "\(end.output)")
                #expect(found["fill"] == verdict && found["model"] == verdict, "\(end.output)")
                #expect(found["bus"] == "ok" && found["refined"] == "ok" && found["settings"] == "ok")
                // The private bus has no user manager.
                #expect(found["unit"] == "warning")
            }
        }
    }

    @Test func withoutABusOrWithWrongSettingsTheRemedyIsTold() async throws {
        var refinectl = Program.product("refinectl", bus: nil)
        refinectl.environment["REFINE_QUEUE_LENGTH"] = "many"
        let end = try await refinectl.run(["doctor"])
        #expect(end.code == 69)
        #expect(end.output.contains("FAILED  settings") && end.output.contains("from 1 to 64"), "\(end.output)")
        #expect(end.output.contains("FAILED  bus") && end.output.contains("dbus-run-session"), "\(end.output)")
    }

    /// Each shell itself says what it would offer after `refinectl in`.
    @Test(arguments: [
        (
            "bash",
            "source \"$1\"; COMP_WORDS=(refinectl in); COMP_CWORD=1; COMP_LINE='refinectl in'; COMP_POINT=12; "
                + "_refinectl refinectl in refinectl; echo \"${COMPREPLY[@]}\""
        ),
        ("fish", "source $argv[2]; complete -C 'refinectl in'"),
        ("zsh", "zsh -n \"$1\" && grep -q inpaint \"$1\" && echo inpaint"),
    ])
    func eachShellTakesItsCompletions(_ shell: String, _ script: String) async throws {
        let refinectl = Program.product("refinectl", bus: nil)
        let text = try await refinectl.run(["completions", shell])
        #expect(text.code == 0)
        guard let path = ["/bin/\(shell)", "/usr/bin/\(shell)"].first(where: FileManager.default.isExecutableFile)
        else {
            return
        }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("refine-\(UUID().uuidString).\(shell)")
        defer { try? FileManager.default.removeItem(at: file) }
        try text.output.write(to: file, atomically: true, encoding: .utf8)
        let program = Program(executable: URL(fileURLWithPath: path), environment: refinectl.environment)
        let end = try await program.run(["-c", script, shell, file.path])
        #expect(end.output.contains("inpaint"), "\(end.output) \(end.errors)")
    }
}
