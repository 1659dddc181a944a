import Foundation
import Personalization
import Testing

@Suite struct CalendarWindowTests {
    private func calendar(_ zone: String) throws -> Calendar {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: zone))
        return calendar
    }

    private func time(_ text: String, _ calendar: Calendar) throws -> Date {
        let fields = text.split { "-: ".contains($0) }.compactMap { Int($0) }
        return try #require(
            calendar.date(
                from: DateComponents(
                    year: fields[0], month: fields[1], day: fields[2], hour: fields[3], minute: fields[4])))
    }

    @Test(arguments: [
        // 2026-11-23 is a Monday.
        ("Mon..Fri 22:00-06:00", "2026-11-23 21:59", false), ("Mon..Fri 22:00-06:00", "2026-11-23 22:00", true),
        ("Mon..Fri 22:00-06:00", "2026-11-24 05:59", true), ("Mon..Fri 22:00-06:00", "2026-11-24 06:00", false),
        // Saturday morning belongs to Friday, Monday morning to Sunday.
        ("Mon..Fri 22:00-06:00", "2026-11-28 05:00", true), ("Mon..Fri 22:00-06:00", "2026-11-28 22:30", false),
        ("Mon..Fri 22:00-06:00", "2026-11-23 05:00", false), ("Sat,Sun", "2026-11-29 23:59", true),
        ("Sat,Sun", "2026-11-30 00:00", false), ("Sat..Mon 10:00-11:00", "2026-11-29 10:30", true),
        ("Sat..Mon 10:00-11:00", "2026-11-24 10:30", false), ("1:30-2:00", "2026-11-24 01:45", true),
        ("daily 20:00-24:00", "2026-11-24 23:59", true), ("20:00-00:00", "2026-11-25 00:00", false),
        ("monday 08:00-09:00", "2026-11-23 08:00", true),
    ])
    func aWindowIsOpen(_ text: String, _ when: String, _ isOpen: Bool) throws {
        let calendar = try calendar("Europe/Berlin")
        #expect(try CalendarWindow(text).contains(time(when, calendar), calendar) == isOpen)
    }

    @Test(arguments: [
        "", "Mon..", "Xyz 10:00-11:00", "10:00", "10:00-10:00", "25:00-26:00", "10:60-11:00", "24:00-01:00",
        "Mon 10:00-11:00 Tue", "10-11", "-1:00-2:00", "１0:00-11:00", "Mon,,Tue", "M..F 10:00-11:00",
    ])
    func whatIsNoWindowIsAnError(_ text: String) {
        #expect(throws: CalendarWindow.ParseError.self) { try CalendarWindow(text) }
    }

    @Test(arguments: [
        ("mon..fri 22:00-6:00", "Mon..Fri 22:00-06:00"), ("Sat,Sun", "Sat,Sun 00:00-24:00"),
        ("8:00-9:30", "08:00-09:30"),
        ("Mon,Wed,Thu,Fri 1:00-2:00", "Mon,Wed..Fri 01:00-02:00"),
    ])
    func theDescriptionCanBeReadAgain(_ text: String, _ description: String) throws {
        let window = try CalendarWindow(text)
        #expect(window.description == description)
        #expect(try CalendarWindow(description) == window)
    }

    /// On the nights of the change the window is what the wall clock says: 7 and 9 hours of 8.
    @Test(arguments: [("2026-03-28 12:00", 7), ("2026-10-24 12:00", 9), ("2026-06-06 12:00", 8)])
    func daylightSavingMakesANightLongerOrShorter(_ noon: String, _ hours: Int) throws {
        let calendar = try calendar("Europe/Berlin")
        let window = try CalendarWindow("Sat 22:00-06:00")
        let start = try time(noon, calendar)
        let minutes = (0..<(24 * 60)).count { window.contains(start + Double($0) * 60, calendar) }
        #expect(minutes == hours * 60)
    }

    @Test(arguments: [
        ("Mon..Fri 22:00-06:00", "2026-11-28 12:00", "2026-11-30 22:00"),
        ("Mon..Fri 22:00-06:00", "2026-11-23 12:00", "2026-11-23 22:00"),
        ("Sun 00:00-08:00", "2026-11-23 00:00", "2026-11-29 00:00"),
        // The clock jumps from 2 to 3: the window opens after the gap.
        ("Sun 02:30-04:00", "2026-03-29 00:00", "2026-03-29 03:00"),
    ])
    func theNextOpeningIsFound(_ text: String, _ now: String, _ opening: String) throws {
        let calendar = try calendar("Europe/Berlin")
        let found = try #require(try CalendarWindow(text).nextOpening(after: time(now, calendar), calendar))
        #expect(found == (try time(opening, calendar)))
    }

    @Test func aListIsSeparatedBySemicolons() throws {
        #expect(try CalendarWindow.list("Mon 1:00-2:00; Tue 3:00-4:00").count == 2)
        #expect(try CalendarWindow.list(" always ").isEmpty)
        #expect(throws: CalendarWindow.ParseError.self) { try CalendarWindow.list("Mon 1:00-2:00; nonsense") }
    }
}
