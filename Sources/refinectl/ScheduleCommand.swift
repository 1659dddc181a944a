import ArgumentParser
import BusTransport
import FoundationEssentials
import Personalization
import RefineBus

/// `refinectl schedule`
struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Say at what times refined may tune.",
        discussion: """
            Windows of days and times, separated by semicolons; a window over midnight belongs to the day that it starts \
            on. What is set here goes over the setting tuning.schedule, until it is cleared.

              refinectl schedule show
              refinectl schedule set 'Mon..Fri 22:00-06:00; Sat,Sun'
              refinectl schedule set always
              refinectl schedule clear
            """,
        subcommands: [ScheduleShow.self, ScheduleSet.self, ScheduleClear.self])
}

/// `refinectl schedule show`
struct ScheduleShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the schedule, as text and as a week.",
        discussion: """
              refinectl schedule show
              refinectl schedule show --json
            """)

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let json = json
        try await TuneCommand.with { tuning in
            let schedule = Schedule(try await tuning.announced())
            guard !json else { return Terminal.print(schedule.object.text) }
            Terminal.print(schedule.words)
            if let week = try? WeekChart(schedule.windows) { Terminal.print(week.text) }
        }
    }
}

/// The schedule that the daemon tells of.
private struct Schedule {
    let windows: String
    /// Microseconds since 1970; nil while it is open.
    private let opensAt: UInt64?
    private let isOwn: Bool

    /// - Parameter properties: of the daemon's tuning.
    init(_ properties: [String: BusValue]) {
        let schedule = properties["Schedule"]?.options ?? [:]
        windows = schedule["windows"]?.content() ?? ""
        opensAt = schedule["opens-at"]?.content()
        isOwn = schedule["origin"]?.content() == "user"
    }

    var object: JSON {
        .object([
            ("windows", .string(windows)), ("origin", .string(isOwn ? "user" : "settings")),
            ("open", .bool(opensAt == nil)), ("opens_at", opensAt.map { .integer($0) } ?? .null),
        ])
    }

    var words: String {
        let origin = isOwn ? "set by refinectl schedule" : "from the settings"
        let state = opensAt.map { "closed, opens \(TuningText.moment($0))" } ?? "open now"
        return "\(windows) (\(origin)), \(state)"
    }
}

/// `refinectl schedule set`
struct ScheduleSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Set the schedule, over what the settings say.",
        discussion: """
              refinectl schedule set 'Mon..Fri 22:00-06:00; Sat,Sun'
              refinectl schedule set '22:00-06:00'
              refinectl schedule set always
            """)

    @Argument(help: ArgumentHelp("Windows, as in 'Mon..Fri 22:00-06:00'.", valueName: "windows"))
    var windows: [String]

    func run() async throws {
        let text = windows.joined(separator: " ")
        try await TuneCommand.with { tuning in
            // Here too, so that a mistake is told where no daemon runs.
            do {
                _ = try CalendarWindow.list(text)
            } catch let error as CalendarWindow.ParseError {
                throw Failure(
                    Failure.Code.usage, "'\(error.part)' is no window of time",
                    hint: "write it like 'Mon..Fri 22:00-06:00'")
            }
            try await tuning.setSchedule(text)
            Terminal.confirm(Schedule(try await tuning.announced()).words)
        }
    }
}

/// `refinectl schedule clear`
struct ScheduleClear: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear", abstract: "Go back to the schedule of the settings.",
        discussion: """
              refinectl schedule clear
            """)

    func run() async throws {
        try await TuneCommand.with { tuning in
            try await tuning.clearSchedule()
            Terminal.confirm(Schedule(try await tuning.announced()).words)
        }
    }
}

/// A week of half hours, open ones marked.
struct WeekChart {
    private let windows: [CalendarWindow]

    /// - Throws: `CalendarWindow.ParseError`.
    init(_ text: String) throws { windows = try CalendarWindow.list(text) }

    var text: String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        // A Monday, in a calendar without daylight saving: this is about the wall clock.
        let monday = Date(timeIntervalSince1970: 4 * 86400)
        let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].enumerated().map { index, name in
            let slots = (0..<48).map { slot -> Character in
                let time = monday + Double(index * 86400 + slot * 1800)
                return windows.isEmpty || windows.contains { $0.contains(time, calendar) } ? "#" : "."
            }
            return "\(name)  " + String(slots)
        }
        return (["     0           6           12          18         24"] + days).joined(separator: "\n")
    }
}
