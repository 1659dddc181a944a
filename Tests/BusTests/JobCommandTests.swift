import Foundation
import RefineBus
import RefineDaemon
import TestSupport
import Testing

/// `refinectl jobs`, `cancel` and `monitor` as processes.
@Suite struct JobCommandTests {
    @Test func jobsListsWhatWaitsAndRuns() async throws {
        let gate = StepGate()
        try await TestDaemon.with(gate: gate, steps: 4) { daemon in
            let cli = Program.product("refinectl", bus: daemon.bus)
            let empty = try await cli.run(["jobs"])
            #expect(empty.code == 0 && empty.output == "no jobs\n")
            #expect(try await cli.run(["jobs", "--json"]).output == "[]\n")
            gate.allow(2)
            _ = try await daemon.inpaint()
            _ = try await daemon.inpaint()
            try await eventually("the third step") { gate.arrived == 3 }
            let words = try await cli.run(["jobs"])
            let lines = words.output.split(separator: "\n")
            #expect(lines.count == 3 && lines[0].hasPrefix("JOB  STAGE"))
            #expect(lines[1].hasPrefix("1 ") && lines[1].contains("drawing") && lines[1].contains("50 %"))
            #expect(lines[2].hasPrefix("2 ") && lines[2].contains("waiting for other jobs"))
            let json = try await cli.run(["jobs", "--json"])
            let array = try #require(
                try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
            #expect(array.map { $0["number"] as? Int } == [1, 2])
            #expect(array[0]["stage"] as? String == "denoise" && array[0]["progress"] as? Double == 0.5)
            #expect(array[1]["progress"] is NSNull && array[1]["owner"] as? String == daemon.client.uniqueName)
            // The caller is this process.
            let name = try String(contentsOfFile: "/proc/self/comm", encoding: .utf8).dropLast()
            #expect(array[1]["process"] as? String == InpaintOptions.printable(String(name)))
        }
    }

    @Test func cancelEndsJobsByNumberOrAll() async throws {
        let gate = StepGate()
        try await TestDaemon.with(gate: gate, steps: 50) { daemon in
            let cli = Program.product("refinectl", bus: daemon.bus)
            let first = try await daemon.inpaint()
            let second = try await daemon.inpaint()
            let third = try await daemon.inpaint()
            try await eventually("the first step") { gate.arrived == 1 }
            let two = try await cli.run(["cancel", "2"])
            #expect(two.code == 0 && two.output == "cancelled 2\n")
            #expect(try await second.end() == "org.refinecontrol.Refine1.Error.Cancelled")
            let gone = try await cli.run(["cancel", "2", "9", "3", "--json"])
            #expect(gone.code == 65 && gone.errors.contains("no job 2, 9 waits or runs"))
            #expect(gone.errors.contains("refinectl jobs") && gone.output == "{\"cancelled\": [3]}\n")
            #expect(try await third.end() == "org.refinecontrol.Refine1.Error.Cancelled")
            let all = try await cli.run(["cancel", "--all"])
            #expect(all.code == 0 && all.output == "cancelled 1\n")
            gate.open()
            #expect(try await first.end() == "org.refinecontrol.Refine1.Error.Cancelled")
            let none = try await cli.run(["cancel", "--all"])
            #expect(none.code == 0 && none.output == "no jobs\n")
            for wrong in [["cancel"], ["cancel", "--all", "1"], ["cancel", "-1"], ["cancel", "x"]] {
                #expect(try await cli.run(wrong).code == 64, "\(wrong)")
            }
        }
    }

    @Test func monitorFollowsJobsUntilInterrupted() async throws {
        let gate = StepGate()
        try await TestDaemon.with(gate: gate, steps: 2) { daemon in
            let cli = Program.product("refinectl", bus: daemon.bus)
            let json = try cli.start(["monitor", "--json"])
            let words = try cli.start(["monitor"])
            for monitor in [json, words] {
                try await eventually("the monitor") { monitor.output.contains("run") }
            }
            let job = try await daemon.inpaint()
            gate.open()
            #expect(try await job.end() == "")
            for monitor in [json, words] {
                try await eventually("the end") {
                    monitor.output.contains("ended") || monitor.output.contains("  done\n")
                }
                monitor.send(SIGINT)
                #expect(try await monitor.outcome().code == 0)
            }
            let lines = try json.output.split(separator: "\n").map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
            #expect(lines.first?["event"] as? String == "daemon" && lines.first?["running"] as? Bool == true)
            let stages = lines.compactMap { ($0["job"] as? [String: Any])?["stage"] as? String }
            #expect(stages.contains("decode") && stages.last == "done")
            #expect(lines.last?["event"] as? String == "ended" && lines.last?["error"] is NSNull)
            #expect(words.output.contains("  refined runs\n") && words.output.contains("  job 1  "))
        }
    }

    @Test func monitorWaitsForADaemon() async throws {
        try await PrivateBus.with { bus in
            let monitor = try Program.product("refinectl", bus: bus).start(["monitor"])
            try await eventually("the monitor") { monitor.output.contains("does not run") }
            let client = try await bus.connect()
            try await client.own(RefineNames.bus)
            try await eventually("the daemon") { monitor.output.contains("refined runs") }
            await client.close()
            try await eventually("its end") { monitor.output.split(separator: "\n").count == 3 }
            bus.kill()
            let end = try await monitor.outcome()
            #expect(end.code == 69 && end.errors.contains("the session bus went away"))
        }
    }

    @Test(arguments: ["jobs", "cancel", "monitor"])
    func helpShowsExamplesAndNoDaemonIsTold(_ command: String) async throws {
        let help = try await Program.product("refinectl", bus: nil).run([command, "--help"])
        #expect(help.code == 0 && help.output.contains("\n  refinectl \(command)"))
        guard command != "monitor" else { return }
        try await PrivateBus.with { bus in
            let call = command == "jobs" ? ["jobs"] : ["cancel", "1"]
            let end = try await Program.product("refinectl", bus: bus).run(call)
            #expect(end.code == 69 && end.errors.contains("systemctl --user start refined"))
        }
    }
}

/// `refinectl privacy`
@Suite struct PrivacyCommandTests {
    @Test func guardsOfAllProgramsAreShown() async throws {
        try await TestDaemon.with { daemon in
            let cli = Program.product("refinectl", bus: daemon.bus)
            let words = try await cli.run(["privacy"])
            #expect(words.code == 0, "\(words.errors)")
            for program in ["refined", "refine-worker", "refinectl"] {
                #expect(words.output.contains(program + "\n"), "\(words.output)")
            }
            #expect(words.output.contains("Landlock: ABI 3, denies refine-worker\n  execute, read-file\n"))
            #expect(words.output.contains("  unix-sockets-only") && !words.output.contains("OPEN"))
            let json = try await cli.run(["privacy", "--json"])
            let object = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
            #expect((object["refinectl"] as? [String: Bool])?["no-io-uring"] == true)
            #expect((object["refine-worker"] as? [String: Bool]) == ["test": true])
            #expect((object["landlock"] as? [String: Any])?["abi"] as? Int == 3)
        }
    }

    @Test func guardThatDoesNotHoldIsAnError() async throws {
        try await TestDaemon.with(privacy: { ["unix-sockets-only": false] }) { daemon in
            let end = try await Program.product("refinectl", bus: daemon.bus).run(["privacy"])
            #expect(end.code == 71 && end.errors.contains("unix-sockets-only of refined"))
            #expect(end.output.contains("OPEN"))
        }
    }
}
