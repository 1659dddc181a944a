import Foundation
import Personalization
import RefineBus
import TestSupport
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// `refinectl why`, `tune`, `schedule` and `inhibit` against the real daemon, on a bus of their own.
@Suite struct TuningCommandTests {
    private struct Desk {
        let refinectl: Program
        let bus: PrivateBus

        func run(_ arguments: String...) async throws -> Program.Outcome { try await refinectl.run(arguments) }
    }

    private func withDesk(_ body: (Desk) async throws -> Void) async throws {
        try await PrivateBus.with { bus in
            // No model: then nothing is ever tuned here.
            try await RunningDaemon.with(["--model", "/nonexistent"], on: bus) { daemon in
                try await body(Desk(refinectl: daemon.refinectl, bus: bus))
                daemon.process.send(SIGTERM)
                #expect(try await daemon.process.outcome().code == 0)
            }
        }
    }

    @Test func whySaysALineForEachCondition() async throws {
        try await withDesk { desk in
            let why = try await desk.run("why")
            #expect(why.code == 0, "\(why.errors)")
            let lines = why.output.split(separator: "\n")
            #expect(lines.count == 18 && lines[0].hasPrefix("not tuning, waits for: "), "\(why.output)")
            #expect(why.output.contains("NO  model          none that can be tuned; see: refinectl status"))
            #expect(why.output.contains("ok  schedule       always"))
            #expect(why.output.contains("ok  privacy        all guards hold"))
            #expect(!why.output.contains("\u{1b}") && !why.output.contains("✓"))
            let json = try await desk.run("why", "--json").output
            let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
            #expect(object?["state"] as? String == "waiting")
            #expect((object?["conditions"] as? [[String: Any]])?.count == 17)
            #expect((object?["reasons"] as? [String])?.contains("model") == true)
        }
    }

    @Test func theScheduleIsSetShownAndCleared() async throws {
        try await withDesk { desk in
            #expect(try await desk.run("schedule", "set", "Mon..Fri 22:00-06:00; Sat,Sun").code == 0)
            let shown = try await desk.run("schedule", "show").output
            #expect(
                shown.hasPrefix("Mon..Fri 22:00-06:00; Sat,Sun 00:00-24:00 (set by refinectl schedule), "), "\(shown)")
            #expect(shown.contains("Mon  ............................................####"), "\(shown)")
            #expect(shown.contains("Tue  ############................................####"), "\(shown)")
            #expect(shown.contains("Sun  ################################################"), "\(shown)")
            let wrong = try await desk.run("schedule", "set", "Mon..Fry 22:00-06:00")
            #expect(wrong.code == 64 && wrong.errors.contains("'Mon..Fry' is no window of time"), "\(wrong.errors)")
            #expect(try await desk.run("schedule", "clear").code == 0)
            #expect(try await desk.run("schedule", "show", "--json").output.contains("\"origin\": \"settings\""))
        }
    }

    @Test func aPauseIsShownAndEnds() async throws {
        try await withDesk { desk in
            #expect(try await desk.run("tune", "pause").code == 0)
            #expect(try await desk.run("tune", "status").output.contains("paused; to go on: refinectl tune resume"))
            #expect(try await desk.run("why").output.hasPrefix("paused"))
            #expect(try await desk.run("tune", "resume").code == 0)
            try await eventually("the end of the pause") {
                try await desk.run("tune", "status", "--json").output.contains("\"state\": \"waiting\"")
            }
        }
    }

    @Test func whatCannotBeDoneSaysWhyAndEndsWithItsCode() async throws {
        try await withDesk { desk in
            let start = try await desk.run("tune", "start")
            #expect(start.code == 69 && start.errors.contains("no model that can be tuned"), "\(start.errors)")
            let reset = try await desk.run("tune", "reset")
            #expect(reset.code == 64 && reset.errors.contains("--yes"), "\(reset.errors)")
            #expect(try await desk.run("tune", "history", "--limit", "0").code == 64)
        }
        try await PrivateBus.with { bus in
            let why = try await Program.product("refinectl", bus: bus).run(["why"])
            #expect(why.code == 69 && why.errors.contains("refined is not running"), "\(why.errors)")
        }
    }

    @Test func theHistoryIsShownAndPlotted() async throws {
        try await TuningDesk.with { desk in
            let refinectl = Program.product("refinectl", bus: desk.bus)
            let none = try await refinectl.run(["tune", "history"])
            #expect(none.code == 0 && none.output.isEmpty && none.errors.contains("no run has been judged yet"))
            for (run, gain) in [0.31, -0.02, 0.64].enumerated() {
                desk.tuner.add(
                    TuningRecord(
                        run: Int64(run + 1), startedAt: 1_795_000_000_000_000,
                        endedAt: 1_795_000_600_000_000 + Int64(run) * 86_400_000_000, parent: "base-2",
                        generation: gain > 0.1 ? "personal-\(run + 1)" : nil,
                        verdict: gain > 0.1 ? "adopted" : "no-gain",
                        steps: 400, photos: 80, heldOutPhotos: 20, gain: gain, lowerBound: gain - 0.2, canaryGain: 0,
                        level: 0.025))
            }
            let chart = desk.bus.folder.appendingPathComponent("history.svg")
            let shown = try await refinectl.run(["tune", "history", "--plot", chart.path])
            #expect(shown.code == 0, "\(shown.errors)")
            let lines = shown.output.split(separator: "\n")
            #expect(lines[1].hasSuffix("+0.64  +0.44     adopted as personal-3"), "\(shown.output)")
            #expect(lines[2].hasSuffix("-0.02  -0.22     no-gain"), "\(shown.output)")
            #expect(lines.last == "gain per run  ▅▁█", "\(shown.output)")
            let drawing = XMLParser(data: try Data(contentsOf: chart))
            #expect(drawing.parse())
            #expect(try String(contentsOf: chart, encoding: .utf8).components(separatedBy: "<title>").count == 4)
            let nowhere = try await refinectl.run(["tune", "history", "--plot", "/nonexistent/history.svg"])
            #expect(nowhere.code == 73, "\(nowhere.errors)")
        }
    }

    @Test func aStartCanBeFollowedToItsEnd() async throws {
        var policy = TuningPolicy()
        policy.isEnabled = false
        try await TuningDesk.with(policy) { desk in
            try await desk.wait(forReasons: ["enabled"])
            let refinectl = Program.product("refinectl", bus: desk.bus)
            let following = try refinectl.start(["tune", "start", "--wait"])
            try await desk.wait(for: "tuning", told: ["start"])
            desk.tuner.send(.tuned(hasWeights: true))
            try await desk.wait(for: "judging")
            desk.tuner.add(
                TuningRecord(
                    run: 1, startedAt: 1, endedAt: 2, parent: "base-2", generation: "personal-1", verdict: "adopted",
                    steps: 400, photos: 80, heldOutPhotos: 20, gain: 0.52, lowerBound: 0.3, canaryGain: 0, level: 0.025)
            )
            desk.tuner.decide(.adopted(generation: "personal-1"))
            let end = try await following.outcome()
            #expect(
                end.code == 0 && end.output == "+0.52 dB on photos it never saw; in use since then as personal-1\n",
                "\(end.output)\(end.errors)")

            let second = try refinectl.start(["tune", "start", "--wait"])
            try await desk.wait(for: "tuning")
            desk.tuner.send(.died(code: "out-of-memory"))
            let failed = try await second.outcome()
            #expect(failed.code == 70 && failed.output == "the run failed: out-of-memory\n", "\(failed.errors)")

            let left = try refinectl.start(["tune", "start", "--wait"])
            try await desk.wait(for: "tuning")
            left.send(SIGINT)
            let outcome = try await left.outcome()
            #expect(outcome.code == 0 && outcome.errors.contains("goes on in the background"), "\(outcome.errors)")
            #expect(try await desk.state() == "tuning")
        }
    }

    @Test func aCommandInhibitsForItsTime() async throws {
        try await withDesk { desk in
            let marker = desk.bus.folder.appendingPathComponent("go-on").path
            let held = try desk.refinectl.start([
                "inhibit", "--why", "a test", "--who", "tester", "sh", "-c",
                "while [ ! -e \(marker) ]; do sleep 0.05; done; exit 7",
            ])
            try await eventually("the inhibitor") {
                try await desk.run("why").output.contains("NO  inhibitors     tester (a test)")
            }
            try Data().write(to: URL(fileURLWithPath: marker))
            #expect(try await held.outcome().code == 7)
            try await eventually("its end") { try await desk.run("why").output.contains("ok  inhibitors     none") }
            #expect(try await desk.run("inhibit", "--why", "x", "sh", "-c", "kill -TERM $$").code == 143)
            let missing = try await desk.run("inhibit", "--why", "x", "/nonexistent/command")
            #expect(missing.code == 127 && missing.errors.contains("cannot run"), "\(missing.errors)")
            #expect(try await desk.run("inhibit", "sh").code == 64)
            // None of our guards are passed on.
            let filter = try await desk.run("inhibit", "--why", "x", "--", "grep", "Seccomp:", "/proc/self/status")
            let own = try String(contentsOfFile: "/proc/self/status", encoding: .utf8).split(separator: "\n")
                .first { $0.hasPrefix("Seccomp:") }
            #expect(filter.output == "\(own ?? "")\n")
        }
    }
}
