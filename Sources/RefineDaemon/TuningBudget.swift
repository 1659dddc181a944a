import Foundation

/// How much of today's budget is used: counted by a clock that is never set and does not run while the machine sleeps,
/// and remembered by the day on the wall clock. What was not written down is lost with the process: at most
/// ``interval`` seconds.
struct TuningBudget {
    private let library: any TuningLibrary
    private let time: TimeSource
    private let calendar: @Sendable () -> Calendar
    /// When the time began that is not written down; nil while nothing is used. Microseconds.
    private var since: UInt64?
    /// Seconds that were used and are not written down.
    private var owed = 0.0

    static let interval = 30.0

    init(_ library: any TuningLibrary, _ time: TimeSource, _ calendar: @escaping @Sendable () -> Calendar) {
        self.library = library
        self.time = time
        self.calendar = calendar
    }

    /// Today, `2026-11-27`.
    var day: String {
        let today = calendar().dateComponents([.year, .month, .day], from: Date(microseconds: time.now()))
        func padded(_ number: Int?, _ digits: Int) -> String {
            let text = String(number ?? 0)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        return "\(padded(today.year, 4))-\(padded(today.month, 2))-\(padded(today.day, 2))"
    }

    /// When the next day begins.
    var nextDay: Date? {
        let calendar = calendar()
        let today = calendar.startOfDay(for: Date(microseconds: time.now()))
        return calendar.date(byAdding: .day, value: 1, to: today)
    }

    private var elapsed: Double { since.map { Double(time.awake() - min($0, time.awake())) / 1e6 } ?? 0 }

    /// Seconds used today.
    func used() throws -> Double { try library.usedSeconds(on: day) + owed + elapsed }

    /// Tells whether time is used from now on. Writes down what was, or keeps it for the next call where that fails.
    mutating func count(_ isUsed: Bool) throws {
        guard isUsed else {
            settle()
            return try write()
        }
        since = since ?? time.awake()
        if owed + elapsed >= Self.interval {
            settle()
            since = time.awake()
            try write()
        }
    }

    private mutating func settle() {
        owed += elapsed
        since = nil
    }

    private mutating func write() throws {
        guard owed > 0 else { return }
        try library.addUsedSeconds(owed, on: day)
        owed = 0
    }
}

extension Date {
    /// - Parameter microseconds: since 1970.
    init(microseconds: UInt64) { self.init(timeIntervalSince1970: Double(microseconds) / 1e6) }

    /// Microseconds since 1970.
    var microseconds: UInt64 { UInt64(max(timeIntervalSince1970, 0) * 1e6) }
}
