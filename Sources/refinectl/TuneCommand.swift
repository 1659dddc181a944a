import ArgumentParser
import BusTransport
import Glibc
import RefineBus

/// `refinectl tune`
struct TuneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune",
        abstract: "Start, stop and follow the tuning of the model on your photos.",
        discussion: """
            refined tunes by itself when the machine is idle; refinectl why tells why it does not. By hand:

              refinectl tune start
              refinectl tune status
              refinectl tune pause

            What came of it, as a table and as a chart, and the way back:

              refinectl tune history --plot history.svg
              refinectl tune rollback
            """,
        subcommands: [
            TuneStart.self, TunePause.self, TuneResume.self, TuneStatus.self, TuneHistory.self, TuneRollback.self,
            TuneReset.self,
        ])

    /// Runs `body` with the daemon's tuning, and says what went wrong.
    static func with(_ body: (PersonalizationProxy) async throws -> Void) async throws {
        try await Session.with { try await body(PersonalizationProxy($0)) }
    }
}

/// `refinectl tune start`
struct TuneStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Tune now, whether or not you are away, and show how far it is.",
        discussion: """
            Schedule, budget, load and mains do not count for this run; fills, inhibitors, memory, heat, disk space and the \
            charge of the battery do. Ctrl-C leaves it running.

              refinectl tune start
              refinectl tune start --no-wait
            """)

    @Flag(inversion: .prefixedNo, help: "Wait until it has ended; on a terminal that is so where not given.")
    var wait: Bool?

    @Flag(help: "Print one JSON object: waits_for, and with --wait the state, failure and reasons at the end.")
    var json = false

    func run() async throws {
        let (waits, json) = (wait ?? (Terminal.isInteractive && !json), json)
        try await TuneCommand.with { tuning in
            // Before the start, so that nothing is missed.
            let follower = waits ? (changes: try await tuning.changes(), interrupts: await Interrupts()) : nil
            let waitsFor = try await tuning.start()
            if !json, !waitsFor.isEmpty {
                Terminal.say("begins when this is right: " + waitsFor.joined(separator: ", "))
            }
            var end: TuningFollower.End?
            if let follower {
                end = try await TuningFollower.follow(tuning, follower.changes, follower.interrupts)
                if end == .left { return Terminal.say("it goes on in the background; see: refinectl tune status") }
            }
            if json {
                Terminal.print(
                    JSON.object([
                        ("waits_for", .strings(waitsFor)), ("state", .string(end.map { "\($0.state)" } ?? "started")),
                    ]).text)
            } else {
                var words = end?.words ?? (waitsFor.isEmpty ? "started" : "will start")
                if end == .ended, let run = try await tuning.history(limit: 1).first.map(PastRun.init) {
                    words = "\(PastRun.decibels(run.gain)) dB on photos it never saw; \(run.outcome)"
                }
                Terminal.print(words)
            }
            if case .failed = end {
                throw Failure(Failure.Code.software, "the run failed", hint: "see: refinectl tune status")
            }
        }
    }
}

/// `refinectl tune pause`
struct TunePause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Do not tune until tune resume or tune start, also over a restart.",
        discussion: """
              refinectl tune pause
            """)

    func run() async throws {
        try await TuneCommand.with { tuning in
            try await tuning.pause()
            Terminal.confirm("paused; to go on: refinectl tune resume")
        }
    }
}

/// `refinectl tune resume`
struct TuneResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "End a pause.",
        discussion: """
              refinectl tune resume
            """)

    func run() async throws {
        try await TuneCommand.with { tuning in
            try await tuning.resume()
            Terminal.confirm(TuningText.headline(try await tuning.announced()))
        }
    }
}

/// `refinectl tune status`
struct TuneStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show whether refined is tuning, how far it is and what is left of the budget.",
        discussion: """
              refinectl tune status
              refinectl tune status --json
            """)

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let json = json
        try await TuneCommand.with { tuning in
            let properties = try await tuning.properties()
            let run = TuningRun(properties), budget = properties["Budget"]?.options ?? [:]
            let used: Double = budget["used-seconds"]?.content() ?? 0,
                limit: Double = budget["limit-seconds"]?.content() ?? 0
            guard !json else {
                return Terminal.print(
                    JSON.object([
                        ("state", .string(properties["State"]?.content() ?? "")),
                        ("forced", .bool(properties["Forced"]?.content() ?? false)),
                        ("reasons", .strings(properties["Reason"]?.content() ?? [])),
                        ("step", run.step.map { .integer(UInt64($0)) } ?? .null),
                        ("steps", run.steps.map { .integer(UInt64($0)) } ?? .null),
                        ("expected_end", run.expectedEnd.map { .integer($0) } ?? .null),
                        ("failure", run.failure.map { .string($0) } ?? .null),
                        ("used_seconds", .number(used)), ("limit_seconds", .number(limit)),
                    ]).text)
            }
            var lines = ["state   " + TuningText.headline(properties)]
            let isTuning = properties["State"]?.content() == "tuning"
            if let words = run.words ?? (isTuning ? "reads its photos" : nil) { lines.append("run     " + words) }
            if let failure = run.failure { lines.append("failed  the last time: " + TuningText.failure(failure)) }
            lines.append("budget  \(Int(used / 60)) of \(Int(limit / 60)) minutes used today")
            Terminal.print(lines.joined(separator: "\n"))
        }
    }
}

/// `refinectl tune rollback`
struct TuneRollback: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Use the generation of the model again that the present one came from.",
        discussion: """
            Can be called again, down to the model that came with the package. A run that is under way is thrown away.

              refinectl tune rollback
            """)

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let json = json
        try await TuneCommand.with { tuning in
            ModelCommand.tell(try await tuning.rollback(), json: json)
        }
    }
}

/// `refinectl tune reset`
struct TuneReset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset", abstract: "Throw away all that was learnt, with its files.",
        discussion: """
            The model that came with the package is in use then. The library stays; to remove photos from it see refinectl \
            library forget.

              refinectl tune reset
              refinectl tune reset --yes
            """)

    @Flag(help: "Do not ask.")
    var yes = false

    func run() async throws {
        guard yes || Self.isConfirmed() else {
            throw Failure(Failure.Code.usage, "nothing was thrown away", hint: "say that you mean it: --yes").report()
        }
        try await TuneCommand.with { tuning in
            try await tuning.reset()
            Terminal.confirm("all that was learnt is gone; fills are made with the model that came with the package")
        }
    }

    private static func isConfirmed() -> Bool {
        guard isatty(STDIN_FILENO) == 1, Terminal.isInteractive else { return false }
        Terminal.put("Throw away all that was learnt? [y/N] ", to: STDERR_FILENO)
        return ["y", "yes"].contains((readLine() ?? "").lowercased())
    }
}
