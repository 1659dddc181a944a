import BusTransport
import Foundation
import Personalization
import RefineBus

extension TuningService {
    public func property(_ name: String) async -> BusValue? {
        switch name {
        case "Conditions":
            let found = await assess(isComplete: true).found
            let obstacles = Set(found.obstacles(isForced: machine.isForced).map(\.condition))
            return .array(of: .options, found.map { $0.busValue(isObstacle: obstacles.contains($0.condition)) })
        case "Budget":
            return .options([
                "day": budget.day.busValue, "used-seconds": ((try? budget.used()) ?? 0).busValue,
                "limit-seconds": settings.dailySeconds.busValue,
            ])
        default: return announcedValues[name]
        }
    }

    /// The properties whose changes are told.
    private var announcedValues: [String: BusValue] {
        [
            "State": machine.phase.rawValue.busValue, "Reason": reasons.busValue,
            "Forced": machine.isForced.busValue, "Run": run, "Schedule": schedule,
            "Inhibitors": .array(of: .options, inhibitors.entries.map(\.busValue)),
        ]
    }

    private var run: BusValue {
        var values: [String: BusValue] = [:]
        if let progress {
            values["step"] = UInt32(clamping: progress.step).busValue
            values["steps"] = UInt32(clamping: progress.steps).busValue
            if machine.phase == .tuning, let left = progress.secondsLeft {
                values["expected-end"] = (time.now() + UInt64(left * 1e6)).busValue
            }
        }
        values["failure"] = failure?.busValue
        return .options(values)
    }

    private var schedule: BusValue {
        var values: [String: BusValue] = [
            "windows": policy.schedule.busValue, "origin": (ownSchedule == nil ? "settings" : "user").busValue,
        ]
        let windows = (try? CalendarWindow.list(policy.schedule)) ?? []
        let now = Date(microseconds: time.now())
        if !windows.isEmpty, !windows.contains(where: { $0.contains(now, calendar()) }) {
            values["opens-at"] = policy.nextOpening(after: now, calendar())?.microseconds.busValue
        }
        return .options(values)
    }

    /// Sends `PropertiesChanged` for what differs from what was sent last.
    func announce() async {
        let values = announcedValues
        let changed = values.filter { announced[$0.key] != $0.value }
        // Steps alone are told once a second.
        if changed.keys.allSatisfy({ $0 == "Run" }), time.awake() < lastAnnouncement + 1_000_000 { return }
        guard !changed.isEmpty, let bus else { return }
        announced = values
        lastAnnouncement = time.awake()
        do {
            try await bus.emit(
                path: RefineNames.root, interface: StandardNames.properties, member: "PropertiesChanged",
                [.string(RefineNames.personalization), .options(changed), [String]().busValue])
        } catch {
            log.warning("a signal was not sent", metadata: ["error": "\(error)"])
        }
    }
}

extension Assessment {
    /// `a{sv}`: code, verdict, whether it keeps from tuning, and what was measured.
    func busValue(isObstacle: Bool) -> BusValue {
        var values = details.mapValues(\.busValue)
        values["code"] = condition.rawValue.busValue
        values["verdict"] = verdict.rawValue.busValue
        values["obstacle"] = isObstacle.busValue
        return .options(values)
    }
}

extension Assessment.Detail {
    var busValue: BusValue {
        switch self {
        case .number(let value): value.busValue
        case .count(let value): .int64(value)
        case .flag(let value): value.busValue
        case .text(let value): value.busValue
        case .texts(let values): values.busValue
        case .time(let value): value.microseconds.busValue
        }
    }
}

extension Inhibitors.Entry {
    var busValue: BusValue { .options(["who": who.busValue, "why": why.busValue, "since": since.busValue]) }
}

extension TuningRecord {
    var busValue: BusValue {
        .options([
            "run": .int64(run), "started-at": UInt64(max(startedAt, 0)).busValue,
            "ended-at": UInt64(max(endedAt, 0)).busValue, "parent": parent.busValue,
            "generation": (generation ?? "").busValue, "verdict": verdict.busValue,
            "steps": UInt32(clamping: steps).busValue, "photos": UInt32(clamping: photos).busValue,
            "held-out-photos": UInt32(clamping: heldOutPhotos).busValue, "gain": gain.busValue,
            "lower-bound": lowerBound.busValue, "canary-gain": canaryGain.busValue, "level": level.busValue,
        ])
    }
}
