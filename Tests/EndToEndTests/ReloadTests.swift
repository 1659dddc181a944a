import Foundation
import TestSupport
import Testing

/// Settings read again by a refined that runs: `refinectl config reload` and SIGHUP.
@Suite(.serialized) struct ReloadTests {
    private struct Desk {
        let file: URL
        let refinectl: Program
        let daemon: RunningProgram

        func write(_ text: String) throws {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }

        func reload() async throws -> Program.Outcome { try await refinectl.run(["config", "reload"]) }
    }

    private func with(_ body: (Desk) async throws -> Void) async throws {
        try await PrivateBus.with { bus in
            let folder = bus.folder.appendingPathComponent("config/refine-control")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try TinyModel.write(to: bus.folder.appendingPathComponent("model").path)
            func program(_ name: String) -> Program {
                var program = Program.product(name, bus: bus)
                program.environment["XDG_CONFIG_HOME"] = bus.folder.appendingPathComponent("config").path
                program.environment["XDG_CONFIG_DIRS"] = bus.folder.appendingPathComponent("none").path
                program.environment["REFINE_MODEL"] = bus.folder.appendingPathComponent("model").path
                return program
            }
            try await RunningDaemon.with([], on: bus, program: program) { daemon in
                let file = folder.appendingPathComponent("refined.toml")
                try await body(Desk(file: file, refinectl: daemon.refinectl, daemon: daemon.process))
            }
        }
    }

    @Test func whatIsInForceAndWhatNeedsARestartIsTold() async throws {
        try await with { desk in
            let same = try await desk.reload()
            #expect(same.code == 0 && same.output == "nothing has changed\n", "\(same.errors)")
            try desk.write("[jobs]\nqueue-length = 3\n")
            #expect(try await desk.reload().output == "in force now: jobs.queue-length\n")
            // The environment is over the file, so the model is the same.
            try desk.write("[daemon]\nmodel = \"/elsewhere\"\n[jobs]\nqueue-length = 3\nkept-results = 2\n")
            let json = try await desk.refinectl.run(["config", "reload", "--json"])
            #expect(json.output == "{\"changed\": [\"jobs.kept-results\"], \"restart_needed\": []}\n")
        }
    }

    @Test func aWrongOrHalfWrittenFileKeepsTheOldSettings() async throws {
        try await with { desk in
            try desk.write("[jobs]\nqueue-length = 3\n")
            #expect(try await desk.reload().code == 0)
            for text in ["[jobs]\nqueue = 3\n", "[jobs]\nqueue-length = ", "[jo"] {
                try desk.write(text)
                let end = try await desk.reload()
                #expect(end.code == 78 && end.errors.contains("refined.toml:"), "\(end.errors)")
                #expect(!end.errors.contains(desk.file.path), "the bus was told a folder")
            }
            try desk.write("[jobs]\nqueue-length = 3\n")
            #expect(try await desk.reload().output == "nothing has changed\n")
        }
    }

    @Test func hangUpReadsTheSettingsAgain() async throws {
        try await with { desk in
            try desk.write("[jobs]\nresult-wait = 60\n")
            desk.daemon.send(SIGHUP)
            try await eventually("the line in the log") {
                desk.daemon.errors.contains("settings read again changed=jobs.result-wait")
            }
            try desk.write("[daemon]\nlog-level = \"loud\"\n")
            desk.daemon.send(SIGHUP)
            try await eventually("the complaint in the log") {
                desk.daemon.errors.contains("settings not read again, the old ones stay in force")
            }
            #expect(!desk.daemon.errors.contains(desk.file.deletingLastPathComponent().path))
            #expect(try await desk.refinectl.run(["status"]).code == 0)
        }
    }

    @Test func withoutADaemonTheNextStepIsTold() async throws {
        try await PrivateBus.with { bus in
            let end = try await Program.product("refinectl", bus: bus).run(["config", "reload"])
            #expect(end.code == 69 && end.errors.contains("systemctl --user start refined"), "\(end.errors)")
        }
    }
}
