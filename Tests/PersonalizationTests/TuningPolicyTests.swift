import Foundation
import Personalization
import Testing

@Suite struct TuningPolicyTests {
    private let night = Date(timeIntervalSince1970: 1_795_557_600)

    private var calendar: Calendar {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar
    }

    private var ideal: Surroundings {
        var now = Surroundings()
        now.idle = .known(.init(seconds: 3600, source: "test"))
        now.power = .absent
        now.load = .known(0.01)
        now.memoryPressure = .known(0)
        now.temperature = .absent
        now.powerProfile = .absent
        now.freeDisk = .known(100 << 30)
        now.trainingPhotos = 200
        now.heldOutPhotos = 50
        now.unseenPhotos = 200
        now.guardsHold = .known(true)
        now.hasModel = true
        return now
    }

    private func reasons(
        policy: TuningPolicy = .init(), used: Double = 0, isForced: Bool = false, _ change: (inout Surroundings) -> Void
    ) -> [String] {
        var now = ideal
        change(&now)
        return policy.assess(now, at: night, usedSeconds: used, calendar).reasons(isForced: isForced)
    }

    @Test func aDesktopAtNightMayTune() {
        #expect(reasons { _ in } == [])
        #expect(
            TuningPolicy().assess(ideal, at: night, usedSeconds: 0, calendar).map(\.condition) == Condition.allCases)
    }

    @Test func eachConditionByItselfKeepsFromTuning() {
        let changes: [(String, (inout Surroundings) -> Void)] = [
            ("privacy", { $0.guardsHold = .known(false) }), ("model", { $0.hasModel = false }),
            ("photos", { $0.trainingPhotos = 3 }), ("photos", { $0.heldOutPhotos = 1 }),
            ("new-photos", { $0.unseenPhotos = 0 }), ("disk", { $0.freeDisk = .known(1 << 20) }),
            ("inhibitors", { $0.inhibitors = ["game"] }), ("jobs", { $0.foregroundJobs = 1 }),
            ("idle", { $0.idle = .known(.init(seconds: 10, source: "test")) }),
            ("power", { $0.power = .known(.init(onBattery: true, percentage: 90)) }),
            ("charge", { $0.power = .known(.init(onBattery: false, percentage: 12)) }),
            ("power-profile", { $0.powerProfile = .known("power-saver") }), ("load", { $0.load = .known(0.9) }),
            ("memory", { $0.memoryPressure = .known(0.5) }), ("temperature", { $0.temperature = .known(97) }),
        ]
        for (code, change) in changes { #expect(reasons(change) == [code], "\(code)") }
    }

    @Test func aRunThatWasBegunNeedsNoNewPhotos() {
        #expect(
            reasons {
                $0.unseenPhotos = 0
                $0.hasUnfinishedRun = true
            } == [])
    }

    @Test func whatIsUnknownCountsAsBusy() {
        #expect(reasons { $0.idle = .unknown } == ["idle"])
        #expect(reasons { $0.idle = .absent } == ["idle"])
        #expect(reasons { $0.load = .unknown } == ["load"])
        #expect(reasons { $0.power = .unknown } == ["power", "charge"])
        #expect(reasons { $0.guardsHold = .unknown } == ["privacy"])
    }

    @Test func aMachineWithoutBatteryIsOnMains() {
        #expect(reasons { $0.power = .absent } == [])
        #expect(reasons { $0.power = .known(.init(onBattery: false)) } == [])
    }

    @Test func theBudgetOfADayIsKept() {
        #expect(reasons(used: 7199) { _ in } == [])
        #expect(reasons(used: 7200) { _ in } == ["budget"])
    }

    @Test func theScheduleIsKeptAndSaysWhenItOpens() throws {
        var policy = TuningPolicy()
        policy.schedule = "10:00-11:00"
        #expect(reasons(policy: policy) { _ in } == ["schedule"])
        let found = policy.assess(ideal, at: night, usedSeconds: 0, calendar).first { $0.condition == .schedule }
        // 22:00 on a 24th of November: the next morning.
        #expect(found?.details["opens-at"] == .time(night + 12 * 3600))
        #expect(found?.details["windows"] == .text("10:00-11:00"))
        policy.schedule = "not a schedule"
        #expect(reasons(policy: policy) { _ in } == ["schedule"])
    }

    @Test func goingOnIsEasierThanStarting() {
        func reasons(isTuning: Bool, _ change: (inout Surroundings) -> Void) -> [String] {
            var now = ideal
            change(&now)
            return TuningPolicy().assess(now, at: night, usedSeconds: 0, isTuning: isTuning, calendar)
                .reasons(isForced: false)
        }
        let changes: [(String, (inout Surroundings) -> Void)] = [
            ("load", { $0.load = .known(0.3) }), ("memory", { $0.memoryPressure = .known(0.15) }),
            ("temperature", { $0.temperature = .known(80) }),
        ]
        for (code, change) in changes {
            #expect(reasons(isTuning: false, change) == [code])
            #expect(reasons(isTuning: true, change) == [])
        }
    }

    @Test func startNowPassesOverConvenienceOnly() {
        #expect(reasons(used: 50_000, isForced: true) { $0.idle = .unknown } == [])
        #expect(reasons(isForced: true) { $0.guardsHold = .known(false) } == ["privacy"])
        #expect(reasons(isForced: true) { $0.foregroundJobs = 1 } == ["jobs"])
        #expect(reasons(isForced: true) { $0.temperature = .known(99) } == ["temperature"])
    }
}

@Suite struct TuningMachineTests {
    private func tuning() -> TuningMachine {
        var machine = TuningMachine()
        #expect(machine.handle(.assessed(isAllowed: true), at: 0) == [.startTuner, .announce])
        return machine
    }

    @Test func nothingStartsWhereItIsNotAllowed() {
        var machine = TuningMachine()
        #expect(machine.handle(.assessed(isAllowed: false), at: 0) == [])
        #expect(machine.phase == .waiting)
    }

    @Test func aFillHoldsTheTunerAtOnceAndLetsItGoOn() {
        var machine = tuning()
        #expect(machine.handle(.jobs(1), at: 1) == [.holdTuner, .announce])
        #expect(machine.handle(.jobs(2), at: 2) == [])
        #expect(machine.handle(.jobs(0), at: 3) == [.continueTuner, .announce])
    }

    @Test func aTunerThatIsHeldTooLongGivesBackItsMemory() {
        var machine = tuning()
        _ = machine.handle(.assessed(isAllowed: false), at: 10)
        #expect(machine.handle(.assessed(isAllowed: false), at: 309) == [])
        #expect(machine.handle(.assessed(isAllowed: false), at: 310) == [.endTuner, .announce])
        #expect(machine.handle(.assessed(isAllowed: true), at: 320) == [.startTuner, .announce])
    }

    @Test func pauseLastsUntilResume() {
        var machine = tuning()
        #expect(machine.handle(.pause, at: 1) == [.endTuner, .announce])
        #expect(machine.handle(.assessed(isAllowed: true), at: 2) == [])
        #expect(machine.handle(.resume, at: 3) == [.startTuner, .announce])
    }

    @Test func tunedWeightsAreJudged() {
        var machine = tuning()
        #expect(machine.handle(.tuned(hasWeights: true), at: 1) == [.judge, .announce])
        #expect(machine.handle(.assessed(isAllowed: true), at: 2) == [])
        #expect(machine.handle(.judged, at: 3) == [.announce])
        #expect(machine.phase == .waiting)
    }

    @Test func judgingGivesWayToFillsToo() {
        var machine = tuning()
        _ = machine.handle(.tuned(hasWeights: true), at: 1)
        #expect(machine.handle(.jobs(1), at: 2) == [.holdTuner, .announce])
        #expect(machine.handle(.jobs(0), at: 3) == [.continueTuner, .announce])
        #expect(machine.phase == .judging)
        _ = machine.handle(.assessed(isAllowed: false), at: 4)
        #expect(machine.handle(.assessed(isAllowed: false), at: 304) == [.endTuner, .announce])
        #expect(machine.handle(.judged, at: 305) == [])
    }

    @Test func aTunerThatEndsWhileItIsHeldIsJudgedLater() {
        var machine = tuning()
        _ = machine.handle(.jobs(1), at: 1)
        #expect(machine.handle(.tuned(hasWeights: true), at: 2) == [.judge, .holdTuner])
        #expect(machine.handle(.jobs(0), at: 3) == [.continueTuner, .announce])
        #expect(machine.phase == .judging)
    }

    @Test func whatIsForcedStaysSoUntilItIsJudged() {
        var machine = TuningMachine()
        _ = machine.handle(.start, at: 0)
        _ = machine.handle(.assessed(isAllowed: true), at: 0)
        _ = machine.handle(.tuned(hasWeights: true), at: 1)
        #expect(machine.isForced)
        _ = machine.handle(.judged, at: 2)
        #expect(!machine.isForced)
    }

    @Test func whatWasFoundBeforeAPauseDoesNotCountAfterIt() {
        var machine = tuning()
        _ = machine.handle(.pause, at: 1)
        #expect(machine.handle(.resume, at: 2) == [.announce])
        #expect(machine.handle(.assessed(isAllowed: true), at: 3) == [.startTuner, .announce])
    }

    @Test func whatAForcedRunMayDoIsNoLeaveForTheNext() {
        var machine = TuningMachine()
        _ = machine.handle(.start, at: 0)
        _ = machine.handle(.assessed(isAllowed: true), at: 0)
        _ = machine.handle(.tuned(hasWeights: true), at: 1)
        _ = machine.handle(.judged, at: 2)
        // A fill comes and goes before anybody has looked again.
        #expect(machine.handle(.jobs(1), at: 3) == [])
        #expect(machine.handle(.jobs(0), at: 4) == [])
        #expect(machine.phase == .waiting)
    }

    @Test func aTunerThatKeepsDyingIsTriedLessAndLessOften() {
        var machine = tuning()
        var now = 0.0, waits: [Double] = []
        for round in 1...5 {
            #expect(machine.handle(.died, at: now).contains(.dropCheckpoint) == (round == 5))
            waits.append(machine.notBefore - now)
            #expect(machine.handle(.assessed(isAllowed: true), at: machine.notBefore - 1) == [])
            now = machine.notBefore
            #expect(machine.handle(.assessed(isAllowed: true), at: now).first == .startTuner)
        }
        #expect(waits == [60, 120, 240, 480, 960])
    }

    @Test func startNowForgetsThePauseAndTheWait() {
        var machine = TuningMachine(isPaused: true)
        _ = machine.handle(.assessed(isAllowed: true), at: 0)
        #expect(machine.handle(.start, at: 1) == [.startTuner, .announce])
        #expect(machine.isForced)
        _ = machine.handle(.tuned(hasWeights: false), at: 2)
        #expect(!machine.isForced)
    }

    @Test func aTunerThatAnotherPartHasEndedIsStartedAgain() {
        var machine = tuning()
        #expect(machine.handle(.gone, at: 1) == [.announce])
        #expect(machine.handle(.assessed(isAllowed: true), at: 2).first == .startTuner)
    }

    @Test func resetEndsTheTunerAndDropsItsCheckpoint() {
        var machine = tuning()
        #expect(machine.handle(.reset, at: 1) == [.endTuner, .dropCheckpoint, .announce])
    }
}
