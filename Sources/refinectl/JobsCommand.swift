import ArgumentParser
import BusTransport
import RefineBus

/// `refinectl jobs`
struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs",
        abstract: "List the jobs that wait or run, of all programs.",
        discussion: """
            For people and for programs:

              refinectl jobs
              refinectl jobs --json

            Ends with 69 where refined does not run. See also: refinectl cancel, refinectl monitor.
            """)

    @Flag(help: "Print a JSON array.")
    var json = false

    func run() async throws {
        let json = json
        try await Session.with { bus in
            let jobs = try await ManagerProxy(bus).jobs()
            var rows: [(job: JobSummary, process: String)] = []
            for job in jobs { rows.append((job, await JobText.process(of: job.owner, on: bus))) }
            if json {
                Terminal.print(JSON.array(rows.map { JobText.object($0.job, process: $0.process) }).text)
            } else {
                Terminal.print(rows.isEmpty ? "no jobs" : Self.table(rows))
            }
        }
    }

    private static func table(_ rows: [(job: JobSummary, process: String)]) -> String {
        let cells =
            [["JOB", "STAGE", "DONE", "LEFT", "STARTED BY"]]
            + rows.map { row in
                let owner = row.job.owner.isEmpty ? "(has left)" : "\(row.process) \(row.job.owner)"
                return [
                    String(row.job.number), JobText.stage(row.job.properties.stage), JobText.progress(row.job),
                    JobText.left(row.job.properties), owner + (row.job.isDetached ? ", detached" : ""),
                ]
            }
        return Table(cells).text()
    }
}

/// Jobs in words and in JSON.
enum JobText {
    /// What a stage means to a person.
    static func stage(_ code: String) -> String {
        switch code {
        case "queued": "waiting for other jobs"
        case "decode": "reading"
        case "prefill": "smooth fill"
        case "denoise": "drawing"
        case "blend": "blending"
        case "encode": "writing"
        default: InpaintOptions.printable(code)
        }
    }

    static func progress(_ job: JobSummary) -> String {
        guard job.properties.progressValid else { return "-" }
        return "\(Int(min(max(job.properties.progress, 0), 1) * 100)) %"
    }

    /// The time to the expected end.
    static func left(_ properties: JobProperties, now: UInt64 = Terminal.now) -> String {
        guard properties.expectedEndTime > now else { return "-" }
        return "\((properties.expectedEndTime - now + 999_999) / 1_000_000) s"
    }

    static func object(_ job: JobSummary, process: String? = nil) -> JSON {
        let properties = job.properties
        var entries: [(String, JSON)] = [
            ("number", .integer(UInt64(job.number))), ("operation", .string(properties.operation)),
            ("stage", .string(properties.stage)),
            ("progress", properties.progressValid ? .number(properties.progress) : .null),
            ("start_time", .integer(properties.startTime)), ("expected_end_time", .integer(properties.expectedEndTime)),
            ("cancelable", .bool(properties.cancelable)), ("detached", .bool(job.isDetached)),
            ("owner", .string(job.owner)),
        ]
        if let process { entries.append(("process", .string(process))) }
        return .object(entries)
    }

    /// The name of the program behind a connection; `?` where it cannot be told.
    static func process(of owner: String, on bus: BusConnection) async -> String {
        guard !owner.isEmpty, let name = try? await bus.processName(of: owner) else { return "?" }
        // Programs name themselves as they like.
        return InpaintOptions.printable(name)
    }
}
