import FoundationEssentials

/// A time of the week in which tuning is allowed, such as `Mon..Fri 22:00-06:00`.
///
/// The days come as in systemd's calendar events: names separated by commas, ranges with two dots; all days where none
/// is given. The times are hours and minutes on the wall clock; the whole day where none is given. A window that ends
/// at or before its beginning goes on into the next day and belongs to the day that it starts on, so
/// `Fri 22:00-06:00` ends on Saturday morning. On the days of the change to or from daylight saving time a window is
/// what the wall clock says: an hour shorter or longer.
public struct CalendarWindow: Sendable, Equatable, CustomStringConvertible {
    /// 1 is Monday, 7 Sunday.
    public let days: Set<Int>
    /// Minutes since midnight, `0..<1440`.
    public let start: Int
    /// Minutes since midnight, `1...1440`.
    public let end: Int

    private static let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    /// What is wrong with a text that is no window.
    public struct ParseError: Error, Equatable, CustomStringConvertible {
        public let part: String

        public var description: String { "'\(part)' is no window of time; write it like 'Mon..Fri 22:00-06:00'" }
    }

    /// Reads one window.
    ///
    /// - Throws: `ParseError`.
    public init(_ text: String) throws {
        let parts = text.split(separator: " ", omittingEmptySubsequences: true)
        guard !parts.isEmpty, parts.count <= 2 else { throw ParseError(part: Self.short(text)) }
        var days = Set(1...7), times: (Int, Int) = (0, 1440)
        var rest = parts[...]
        if let first = rest.first, !first.contains(":") {
            days = try Self.days(first)
            rest = rest.dropFirst()
        }
        if let last = rest.popFirst() { times = try Self.times(last) }
        guard rest.isEmpty else { throw ParseError(part: Self.short(text)) }
        self.days = days
        (start, end) = times
    }

    /// Reads windows that are separated by semicolons; `always` and an empty text are no limit at all.
    ///
    /// - Throws: `ParseError`.
    public static func list(_ text: String) throws -> [CalendarWindow] {
        var trimmed = text.drop(while: \.isWhitespace)
        while trimmed.last?.isWhitespace == true { trimmed.removeLast() }
        guard !trimmed.isEmpty, trimmed.lowercased() != "always" else { return [] }
        return try trimmed.split(separator: ";").map { try CalendarWindow(String($0)) }
    }

    private static func days(_ text: Substring) throws -> Set<Int> {
        if text.lowercased() == "daily" || text == "*" { return Set(1...7) }
        var days: Set<Int> = []
        for range in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = range.split(separator: "..", omittingEmptySubsequences: false).map(String.init)
            guard ends.count <= 2, let first = day(ends[0]), let last = day(ends[ends.count - 1]) else {
                throw ParseError(part: short(range))
            }
            // Sat..Mon goes over the end of the week.
            var day = first
            days.insert(day)
            while day != last {
                day = day % 7 + 1
                days.insert(day)
            }
        }
        return days
    }

    private static func day(_ name: String) -> Int? {
        let name = name.lowercased()
        guard name.count >= 3 else { return nil }
        let full = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
        return names.firstIndex(of: name).map { $0 + 1 } ?? full.firstIndex(of: name).map { $0 + 1 }
    }

    private static func times(_ text: Substring) throws -> (Int, Int) {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let start = minutes(ends[0]), let end = minutes(ends[1]), start < 1440, start != end
        else { throw ParseError(part: short(text)) }
        return (start, end == 0 ? 1440 : end)
    }

    private static func minutes(_ text: Substring) -> Int? {
        let fields = text.split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count == 2, fields.allSatisfy({ (1...2).contains($0.count) && $0.allSatisfy(\.isASCII) }),
            let hour = Int(fields[0]), let minute = Int(fields[1]), (0...24).contains(hour), (0...59).contains(minute),
            hour < 24 || minute == 0
        else { return nil }
        return hour * 60 + minute
    }

    private static func short(_ text: some StringProtocol) -> String {
        String(text.unicodeScalars.prefix(40).map { $0.value < 32 ? "?" : Character($0) })
    }

    /// Whether the window is open.
    ///
    /// - Parameters:
    ///   - time: by the wall clock.
    ///   - calendar: Gregorian, in the time zone of the wall clock.
    public func contains(_ time: Date, _ calendar: Calendar) -> Bool {
        let fields = calendar.dateComponents([.weekday, .hour, .minute], from: time)
        // Foundation counts from Sunday.
        let day = ((fields.weekday ?? 1) + 5) % 7 + 1
        let minute = (fields.hour ?? 0) * 60 + (fields.minute ?? 0)
        if start < end { return days.contains(day) && (start..<end).contains(minute) }
        let dayBefore = (day + 5) % 7 + 1
        return (days.contains(day) && minute >= start) || (days.contains(dayBefore) && minute < end)
    }

    /// When the window opens next, after `time`; nil where the coming eight days have no such time.
    public func nextOpening(after time: Date, _ calendar: Calendar) -> Date? {
        let today = calendar.startOfDay(for: time)
        for offset in 0...8 {
            guard let day = calendar.date(byAdding: .day, value: offset, to: today) else { continue }
            // At the first instant of the hour where the clock shows it twice; after the gap where it never does.
            let wanted = DateComponents(hour: start / 60, minute: start % 60)
            let begin =
                start == 0
                ? day : calendar.nextDate(after: day, matching: wanted, matchingPolicy: .nextTime)
            if let begin, begin > time, contains(begin, calendar) { return begin }
        }
        return nil
    }

    public var description: String {
        let times = Self.clock(start) + "-" + Self.clock(end)
        guard days.count < 7 else { return times }
        var ranges: [String] = []
        var day = 1
        while day <= 7 {
            guard days.contains(day) else {
                day += 1
                continue
            }
            var last = day
            while last < 7, days.contains(last + 1) { last += 1 }
            let (first, end) = (Self.names[day - 1].capitalized, Self.names[last - 1].capitalized)
            ranges.append(last == day ? first : last == day + 1 ? "\(first),\(end)" : "\(first)..\(end)")
            day = last + 1
        }
        return ranges.joined(separator: ",") + " " + times
    }

    private static func clock(_ minutes: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return two(minutes / 60) + ":" + two(minutes % 60)
    }
}
