import ArgumentParser
import BusTransport
import Glibc
import RefineBus

/// `refinectl monitor`
struct MonitorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "monitor",
        abstract: "Follow the jobs of all programs until Ctrl-C.",
        discussion: """
            A line for every change, or a JSON object in every line:

              refinectl monitor
              refinectl monitor --json

            Does not start refined; waits for it where it does not run.
            """)

    @Flag(help: "Print a JSON object in every line.")
    var json = false

    func run() async throws {
        do {
            let json = json
            try await Interrupts.around {
                let bus = try await BusConnection.open(.session())
                try await Self.follow(json: json, on: bus)
                await bus.close()
            }
        } catch {
            let failure = Failure(error)
            // Ctrl-C is how one leaves it.
            guard failure.code != 128 + SIGINT else { return }
            throw failure.report()
        }
    }

    /// Follows one daemon after the other, as they come and go.
    private static func follow(json: Bool, on bus: BusConnection) async throws {
        let owners = try await bus.signals(
            SignalMatch(
                sender: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus",
                member: "NameOwnerChanged", firstArgument: RefineNames.bus))
        var reader: Task<Void, any Error>?
        defer { reader?.cancel() }
        if let owner = try await bus.owner(of: RefineNames.bus) {
            reader = read(owner, json: json, on: bus)
        } else {
            show(isRunning: false, json)
        }
        for await change in owners {
            guard change.body.count == 3, let owner: String = change.body[2].content() else { continue }
            reader?.cancel()
            reader = nil
            if owner.isEmpty { show(isRunning: false, json) } else { reader = read(owner, json: json, on: bus) }
        }
        // The stream ends with the task, by Ctrl-C, or with the bus.
        guard !Task.isCancelled else { throw CancellationError() }
        throw Failure(Failure.Code.unavailable, "the session bus went away", hint: "log in anew")
    }

    private static func read(_ owner: String, json: Bool, on bus: BusConnection) -> Task<Void, any Error> {
        Task {
            let manager = ManagerProxy(bus)
            let events = try await manager.jobEvents(of: owner)
            show(isRunning: true, json)
            for job in try await manager.jobs() { show(.changed(job), json) }
            for await event in events { show(event, json) }
        }
    }

    private static func show(isRunning: Bool, _ json: Bool) {
        let object = JSON.object([("event", .string("daemon")), ("running", .bool(isRunning))])
        Terminal.print(json ? object.text : "\(Terminal.clock)  refined \(isRunning ? "runs" : "does not run")")
    }

    private static func show(_ event: JobEvent, _ json: Bool) {
        switch event {
        case .changed(let job):
            // A person is told by the end that follows.
            guard json || job.properties.stage != "done" else { return }
            let object = JSON.object([("event", .string("changed")), ("job", JobText.object(job))])
            Terminal.print(
                json
                    ? object.text
                    : "\(Terminal.clock)  job \(job.number)  \(JobText.progress(job))  "
                        + JobText.stage(job.properties.stage))
        case .ended(let number, let error):
            let object = JSON.object([
                ("event", .string("ended")), ("number", .integer(UInt64(number))),
                ("error", error.isEmpty ? .null : .string(error)),
            ])
            // The last part of an error name says it all to a person.
            let code = error.split(separator: ".").last.map { InpaintOptions.printable(String($0)) } ?? "done"
            Terminal.print(json ? object.text : "\(Terminal.clock)  job \(number)  \(code)")
        }
    }
}
