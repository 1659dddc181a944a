import BusTransport
import Foundation
import Personalization
import RefineBus
import RefineDaemon
import TestSupport
import Testing

/// When the daemon tunes: the service with a fake tuner, over a bus.
@Suite struct TuningServiceTests {
    @Test func aMachineAtRestTunesAndHoldsAtOnceForAFill() async throws {
        try await TuningDesk.with { desk in
            try await desk.wait(for: "tuning", told: ["start"])
            #expect(try await desk.reasons() == [])
            desk.service.note(.jobs(1))
            try await desk.wait(for: "held", told: ["start", "hold"])
            desk.service.note(.jobs(0))
            try await desk.wait(for: "tuning", told: ["start", "hold", "proceed"])
        }
    }

    @Test func aUserWhoComesBackHoldsAndLaterEndsTheTuner() async throws {
        try await TuningDesk.with { desk in
            try await desk.wait(for: "tuning")
            desk.told.set { $0.idle = .known(UserIdleness(seconds: 0, source: "test")) }
            try await desk.wait(for: "held", told: ["start", "hold"])
            try await desk.wait(forReasons: ["idle"])
            // Nothing is asked again until the tuner is held too long: what is told is told.
            try await desk.advance(toLookAfter: 300)
            try await desk.wait(for: "waiting", told: ["start", "hold", "end"])
        }
    }

    @Test func whatMustBeMeasuredIsOnlyMeasuredWhenAllElseIsRight() async throws {
        try await TuningDesk.with { desk in
            try await desk.wait(for: "tuning")
            desk.told.set { $0.power = .known(PowerSupply(onBattery: true, percentage: 80)) }
            try await desk.wait(forReasons: ["power"])
            try await eventually(desk.clock, 300)
            let reads = desk.measured.reads
            desk.service.note(.photos)
            desk.told.set { $0.powerProfile = .known("power-saver") }
            try await desk.wait(forReasons: ["power", "power-profile"])
            #expect(desk.measured.reads == reads)
        }
    }

    @Test func aBusyMachineIsMeasuredAgainAfterAWhile() async throws {
        try await TuningDesk.with { desk in
            desk.measured.set { $0.load = .known(0.9) }
            desk.told.set { _ in }
            try await desk.wait(forReasons: ["load"])
            desk.measured.set(isTold: false) { $0.load = .known(0) }
            try await eventually("the next look") {
                for delay in [5.0, 10, 30] where desk.clock.sleepers.contains(delay) { desk.clock.advance(by: delay) }
                return try await desk.state() == "tuning"
            }
        }
    }

    @Test func theBudgetOfADayIsKeptOverRestartsAndAnewTheNextDay() async throws {
        var policy = TuningPolicy()
        policy.dailySeconds = 100
        let library = FakeLibrary()
        try await TuningDesk.with(policy, library: library) { desk in
            try await desk.wait(for: "tuning")
            for _ in 0..<12 { try await desk.advance(toLookAfter: 5) }
        }
        #expect(try library.usedSeconds(on: "2026-11-24") == 60)
        try await TuningDesk.with(policy, library: library) { desk in
            try await desk.wait(for: "tuning")
            for _ in 0..<8 { try await desk.advance(toLookAfter: 5) }
            try await desk.wait(for: "held")
            try await desk.wait(forReasons: ["budget"])
            let budget = try await desk.tuning.bus.call(
                BusCall(
                    to: RefineNames.bus, path: RefineNames.root, interface: StandardNames.properties, member: "Get",
                    [.string(RefineNames.personalization), .string("Budget")]))
            guard case .variant(let value)? = budget.first else { throw CocoaError(.fileReadUnknown) }
            #expect(value.options?["used-seconds"] == .double(100))
            try await desk.advance(toLookAfter: 300)
            try await desk.wait(for: "waiting")
            // 22:07: looked at from time to time, until midnight.
            try await eventually(desk.clock, 600)
            desk.clock.advance(by: 7200)
            try await desk.wait(for: "tuning")
        }
    }

    @Test func timeAsleepIsNoTimeOfTuning() async throws {
        let library = FakeLibrary()
        try await TuningDesk.with(library: library) { desk in
            try await desk.wait(for: "tuning")
            desk.clock.suspend(for: 3600)
            try await desk.advance(toLookAfter: 5)
            try await eventually("another look") { desk.clock.sleepers.contains(5) }
        }
        #expect(try library.usedSeconds(on: "2026-11-24") == 5)
    }

    @Test func timeThatCouldNotBeWrittenDownIsWrittenLater() async throws {
        let library = FakeLibrary()
        library.fill(true)
        try await TuningDesk.with(library: library) { desk in
            try await desk.wait(for: "tuning")
            try await desk.advance(toLookAfter: 5)
            desk.told.set { $0.idle = .known(UserIdleness(seconds: 0, source: "test")) }
            try await desk.wait(for: "held")
            library.fill(false)
            // Held time is no time of tuning, whether or not the disk had room when the tuner was held.
            try await desk.advance(toLookAfter: 300)
            try await desk.wait(for: "waiting")
        }
        #expect(try library.usedSeconds(on: "2026-11-24") == 5)
    }

    @Test func aFullDiskIsLookedAtAgainWhileTheTunerIsHeld() async throws {
        try await TuningDesk.with { desk in
            try await desk.wait(for: "tuning")
            desk.measured.set { $0.freeDisk = .known(0) }
            try await desk.wait(for: "held")
            desk.measured.set(isTold: false) { $0.freeDisk = .known(100 << 30) }
            try await desk.advance(toLookAfter: 10)
            try await desk.wait(for: "tuning", told: ["start", "hold", "proceed"])
        }
    }

    @Test func logindsSleepHoldsUntilTheMachineWakes() async throws {
        try await TuningDesk.with { desk in
            try await desk.wait(for: "tuning")
            desk.told.set { $0.inhibitors = ["sleep"] }
            try await desk.wait(for: "held")
            // Longer than a tuner is held: it gives back its memory and begins with its checkpoint.
            desk.clock.suspend(for: 8 * 3600)
            desk.told.set { $0.inhibitors = [] }
            try await desk.wait(for: "tuning")
        }
    }

    @Test func aClockThatIsSetMovesTheScheduleAndNothingElse() async throws {
        var policy = TuningPolicy()
        policy.schedule = "22:00-06:00"
        try await TuningDesk.with(policy) { desk in
            try await desk.wait(for: "tuning")
            desk.clock.set(wall: TuningDesk.night + 12 * 3600)
            try await desk.advance(toLookAfter: 5)
            try await desk.wait(for: "held")
            try await desk.wait(forReasons: ["schedule"])
            // Back by ten years: the window is open again, and no time is waited for that lies in the future.
            desk.clock.set(wall: TuningDesk.night - 3650 * 86400)
            desk.told.set { _ in }
            try await desk.wait(for: "tuning", told: ["start", "hold", "proceed"])
        }
    }

    /// 2026-10-25, Berlin: at 03:00 summer time the clock goes back to 02:00.
    @Test func theHourThatComesTwiceBelongsToTheWindowTwice() async throws {
        var policy = TuningPolicy()
        policy.schedule = "02:30-03:00"
        // 00:10 UTC is 02:10 in summer time: the window opens in 20 minutes.
        try await TuningDesk.with(policy, at: 1_792_886_400 + 600, zone: "Europe/Berlin") { desk in
            try await desk.wait(forReasons: ["schedule"])
            try await eventually(desk.clock, 600)
            desk.clock.advance(by: 600)
            try await eventually(desk.clock, 600)
            desk.clock.advance(by: 600)
            try await desk.wait(for: "tuning")
            // 00:59:55 UTC, and 01:00:05 UTC, which is 02:00:05 for the second time.
            desk.clock.advance(by: 1795)
            try await desk.wait(for: "tuning")
            desk.clock.advance(by: 10)
            try await desk.wait(for: "held")
            // 01:30 UTC is 02:30 for the second time.
            try await eventually("the second opening") {
                if let next = desk.clock.sleepers.first { desk.clock.advance(by: max(next, 1)) }
                return try await desk.state() == "tuning"
            }
            #expect((1_792_886_400 + 5400..<1_792_886_400 + 6000).contains(desk.clock.now))
        }
    }

    @Test func aPauseLastsOverARestart() async throws {
        let library = FakeLibrary()
        try await TuningDesk.with(library: library) { desk in
            try await desk.wait(for: "tuning")
            try await desk.tuning.pause()
            try await desk.wait(for: "paused", told: ["start", "end"])
        }
        try await TuningDesk.with(library: library) { desk in
            try await desk.wait(forReasons: ["paused"])
            #expect(try await desk.state() == "paused")
            try await desk.tuning.resume()
            try await desk.wait(for: "tuning", told: ["start"])
        }
        try await TuningDesk.with(library: library) { desk in try await desk.wait(for: "tuning") }
    }

    @Test func startPassesOverConvenienceAndSaysWhatItWaitsFor() async throws {
        var policy = TuningPolicy()
        policy.isEnabled = false
        try await TuningDesk.with(policy) { desk in
            desk.told.set { $0.idle = .unknown }
            try await desk.wait(forReasons: ["enabled", "idle"])
            desk.service.note(.jobs(1))
            try await eventually("the job") { try await desk.reasons().contains("jobs") }
            #expect(try await desk.tuning.start() == ["jobs"])
            #expect(desk.tuner.told == [])
            desk.service.note(.jobs(0))
            try await desk.wait(for: "tuning", told: ["start"])
            desk.tuner.send(.tuned(hasWeights: true))
            try await desk.wait(for: "judging", told: ["start", "judge"])
            desk.tuner.decide(.adopted(generation: "personal-1"))
            // By hand for one run.
            try await desk.wait(for: "waiting")
            try await desk.wait(forReasons: ["enabled", "idle"])
        }
    }

    @Test func aStartThatWouldWaitInVainIsRefused() async throws {
        let library = FakeLibrary()
        library.set(PhotoCounts(training: 3, heldOut: 1, unseen: 3))
        try await TuningDesk.with(library: library) { desk in
            let error = await #expect(throws: RefineError.self) { _ = try await desk.tuning.start() }
            #expect(error?.subject == "photos" && error?.remedy.contains("refinectl library add") == true)
            library.set(PhotoCounts(training: 100, heldOut: 20, unseen: 100))
            desk.service.note(.photos)
            try await desk.wait(for: "tuning")
        }
    }

    @Test func aRunThatDiesIsTriedAgainLater() async throws {
        try await TuningDesk.with { desk in
            try await desk.wait(for: "tuning")
            desk.tuner.send(.died(code: "out-of-memory"))
            try await desk.wait(for: "waiting")
            try await desk.wait(forReasons: ["failed-before"])
            let run = try await desk.tuning.announced()["Run"]?.options
            #expect(run?["failure"] == .string("out-of-memory"))
            try await desk.advance(toLookAfter: 60)
            try await desk.wait(for: "tuning", told: ["start", "start"])
        }
    }

    @Test func progressIsToldWithItsEnd() async throws {
        try await TuningDesk.with { desk in
            try await desk.wait(for: "tuning")
            desk.tuner.send(.progress(step: 100, steps: 400))
            try await eventually("the first step") { try await desk.tuning.announced()["Run"]?.options?["step"] != nil }
            desk.clock.advance(by: 2)
            desk.tuner.send(.progress(step: 200, steps: 400))
            try await eventually("the end") {
                let run = try await desk.tuning.announced()["Run"]?.options
                // 100 steps in 2 seconds, 200 steps are left.
                return run?["expected-end"] == .uint64(UInt64((desk.clock.now + 4) * 1e6))
            }
        }
    }
}
