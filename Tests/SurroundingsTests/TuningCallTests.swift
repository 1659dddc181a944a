import BusTransport
import Personalization
import RefineBus
import RefineDaemon
import TestSupport
import Testing

/// The calls of the interface Personalization.
@Suite struct TuningCallTests {
    @Test func anInhibitorHoldsUntilItIsReleasedOrItsHolderLeaves() async throws {
        try await TuningDesk.with { desk in
            try await desk.wait(for: "tuning")
            let cookie = try await desk.tuning.inhibit(who: "player", why: "a film")
            // Before the answer.
            #expect(desk.tuner.told == ["start", "hold"])
            try await desk.wait(forReasons: ["inhibitors"])
            let stranger = PersonalizationProxy(try await desk.bus.connect())
            let error = await #expect(throws: RefineError.self) { try await stranger.uninhibit(cookie) }
            #expect(error?.code == .notFound)
            _ = try await stranger.inhibit(who: "bench", why: "figures")
            try await desk.tuning.uninhibit(cookie)
            try await eventually("one inhibitor") {
                if case .array(_, let items)? = try await desk.tuning.announced()["Inhibitors"] {
                    items.count == 1
                } else {
                    false
                }
            }
            #expect(try await desk.state() == "held")
            await stranger.bus.close()
            try await desk.wait(for: "tuning", told: ["start", "hold", "proceed"])
        }
    }

    @Test func inhibitorsAreBoundedAndCanBeShown() async throws {
        try await TuningDesk.with { desk in
            for (who, why) in [("", "x"), ("x", ""), ("a\nb", "x"), ("x", String(repeating: "y", count: 201))] {
                let error = await #expect(throws: RefineError.self) {
                    _ = try await desk.tuning.inhibit(who: who, why: why)
                }
                #expect(error?.code == .invalidArgument)
            }
            for _ in 0..<16 { _ = try await desk.tuning.inhibit(who: "many", why: "more") }
            let error = await #expect(throws: RefineError.self) {
                _ = try await desk.tuning.inhibit(who: "many", why: "more")
            }
            #expect(error?.code == .busy)
        }
    }

    @Test func theScheduleOfTheUserGoesOverThatOfTheSettings() async throws {
        var policy = TuningPolicy()
        policy.schedule = "always"
        let library = FakeLibrary()
        try await TuningDesk.with(policy, library: library) { desk in
            try await desk.wait(for: "tuning")
            let error = await #expect(throws: RefineError.self) { try await desk.tuning.setSchedule("25:00-26:00") }
            #expect(error?.subject == "windows" && error?.code == .invalidArgument)
            try await desk.tuning.setSchedule("10:00-11:00")
            try await desk.wait(for: "held")
        }
        try await TuningDesk.with(policy, library: library) { desk in
            try await desk.wait(forReasons: ["schedule"])
            var schedule = try await desk.tuning.announced()["Schedule"]?.options
            #expect(schedule?["origin"] == .string("user") && schedule?["windows"] == .string("10:00-11:00"))
            #expect(schedule?["opens-at"] == .uint64(UInt64((TuningDesk.night + 12 * 3600) * 1e6)))
            try await desk.tuning.clearSchedule()
            try await desk.wait(for: "tuning")
            schedule = try await desk.tuning.announced()["Schedule"]?.options
            #expect(schedule?["origin"] == .string("settings") && schedule?["opens-at"] == nil)
        }
    }

    @Test func rollbackAndResetEndTheRunFirst() async throws {
        try await TuningDesk.with { desk in
            try await desk.wait(for: "tuning")
            #expect(try await desk.tuning.rollback() == "personal-1")
            #expect(desk.tuner.told.prefix(4) == ["start", "end", "drop", "rollback"])
            try await desk.wait(for: "tuning")
            _ = try await desk.tuning.rollback()
            let error = await #expect(throws: RefineError.self) { _ = try await desk.tuning.rollback() }
            #expect(error?.code == .notFound && error?.reason == "nothing-to-roll-back")
            try await desk.wait(for: "tuning")
            try await desk.tuning.reset()
            #expect(desk.tuner.told.contains("reset"))
        }
    }

    @Test func historyTellsTheNumbers() async throws {
        try await TuningDesk.with { desk in
            for run in 1...3 {
                desk.tuner.add(
                    TuningRecord(
                        run: Int64(run), startedAt: 1, endedAt: 2, parent: "base-2", generation: nil,
                        verdict: "no-gain",
                        steps: 400, photos: 80, heldOutPhotos: 20, gain: 0.1, lowerBound: -0.05, canaryGain: 0,
                        level: 0.025))
            }
            let records = try await desk.tuning.history(limit: 2)
            #expect(records.map { $0["run"] } == [.int64(3), .int64(2)])
            #expect(records[0]["lower-bound"] == .double(-0.05) && records[0]["generation"] == .string(""))
            let error = await #expect(throws: RefineError.self) { _ = try await desk.tuning.history(limit: 5000) }
            #expect(error?.subject == "limit")
        }
    }

    @Test func aJudgementThatMustEndIsMadeLater() async throws {
        try await TuningDesk.with { desk in
            try await desk.wait(for: "tuning")
            desk.tuner.send(.tuned(hasWeights: true))
            try await desk.wait(for: "judging", told: ["start", "judge"])
            try await desk.tuning.pause()
            try await desk.wait(for: "paused", told: ["start", "judge", "end"])
            try await desk.tuning.resume()
            try await desk.wait(for: "tuning", told: ["start", "judge", "end", "start"])
            desk.tuner.send(.tuned(hasWeights: true))
            try await desk.wait(for: "judging")
            desk.tuner.decide(.failed(code: "canary-missing"))
            try await desk.wait(for: "waiting")
            try await desk.wait(forReasons: ["failed-before"])
        }
    }

    @Test func changesAreAnnounced() async throws {
        try await TuningDesk.with { desk in
            try await desk.wait(for: "tuning")
            let changes = try await desk.tuning.changes()
            try await desk.tuning.pause()
            var seen: [String: BusValue] = [:]
            for await change in changes {
                seen.merge(change.body.dropFirst().first?.options ?? [:]) { $1 }
                if seen["State"] == .string("paused"), seen["Reason"] == .array(of: .string, [.string("paused")]) {
                    break
                }
            }
            // What did not change is not told.
            #expect(seen["Schedule"] == nil && seen["Inhibitors"] == nil)
        }
    }
}
