import Foundation
import ImageLibrary
import Synchronization
import TestSupport
import Testing

/// What deciding about tuning keeps in the library's database and asks of it.
@Suite struct TuningStateTests {
    @Test func whatTheUserHasSaidLastsUntilItIsTakenBack() throws {
        let place = try Place()
        var store = try place.open()
        #expect(try store.setting("tuning.schedule") == nil)
        try store.set("tuning.schedule", "22:00-06:00")
        try store.set("tuning.schedule", "23:00-06:00")
        try store.close()
        store = try place.open()
        #expect(try store.setting("tuning.schedule") == "23:00-06:00")
        try store.set("tuning.schedule", nil)
        #expect(try store.setting("tuning.schedule") == nil)
    }

    @Test func secondsAddUpByDayAndOldDaysAreDropped() throws {
        let place = try Place()
        let store = try place.open()
        try store.addUsedSeconds(30, on: "2026-11-27")
        try store.addUsedSeconds(12.5, on: "2026-11-27")
        #expect(try store.usedSeconds(on: "2026-11-27") == 42.5)
        #expect(try store.usedSeconds(on: "2026-11-28") == 0)
        for day in 10..<80 { try store.addUsedSeconds(1, on: "2027-\(day)") }
        #expect(try store.usedSeconds(on: "2026-11-27") == 0 && store.usedSeconds(on: "2027-79") == 1)
        try store.close()
    }

    @Test func clustersThatComeAreTold() throws {
        let place = try Place()
        let store = try place.open()
        try place.write("one.png")
        _ = try store.addFolder(place.photos, FolderOptions())
        try store.pass()
        let changes = Mutex(0)
        let watch = store.followClusters { changes.withLock { $0 += 1 } }
        #expect(changes.withLock { $0 } == 0)
        try store.takeIn { .unique($0) }
        withExtendedLifetime(watch) {}
        #expect(changes.withLock { $0 } >= 1)
    }
}
