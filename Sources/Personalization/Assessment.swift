import FoundationEssentials
import Glibc

/// One thing that must be right for tuning. The raw value is its code on the bus.
public enum Condition: String, Sendable, CaseIterable {
    case enabled, privacy, model, photos, newPhotos = "new-photos", disk, inhibitors, jobs, schedule, budget
    case idle, power, charge, powerProfile = "power-profile", load, memory, temperature

    /// Whether it counts even when the user says "start now".
    public var isAlwaysRequired: Bool {
        switch self {
        case .privacy, .model, .photos, .disk, .inhibitors, .jobs, .charge, .memory, .temperature: true
        case .enabled, .newPhotos, .schedule, .budget, .idle, .power, .powerProfile, .load: false
        }
    }

    /// Whether it comes and goes by itself, so that waiting for it makes sense.
    public var isPassing: Bool {
        switch self {
        case .privacy, .model, .photos, .newPhotos, .enabled: false
        default: true
        }
    }
}

/// What is found about one condition.
public struct Assessment: Sendable, Equatable {
    public enum Verdict: String, Sendable {
        case met, unmet
        /// Cannot be known, which counts as not met.
        case unknown
    }

    /// A measured or wanted value.
    public enum Detail: Sendable, Equatable {
        case number(Double)
        case count(Int64)
        case flag(Bool)
        /// A code, or what the user has written; never a path.
        case text(String)
        case texts([String])
        case time(Date)
    }

    public let condition: Condition
    public let verdict: Verdict
    /// What was measured and what is wanted, by name: for `idle`, `seconds` and `wanted`.
    public let details: [String: Detail]

    public init(_ condition: Condition, _ verdict: Verdict, _ details: [String: Detail] = [:]) {
        self.condition = condition
        self.verdict = verdict
        self.details = details
    }
}

extension TuningPolicy {
    /// Looks at all conditions, in the order in which people ask for them.
    ///
    /// Going on is a little easier than starting, so that what hovers about a limit, as a temperature does that the tuner
    /// itself raises, does not start and stop it all the time.
    ///
    /// - Parameters:
    ///   - now: what was measured.
    ///   - time: by the wall clock, for schedule and day.
    ///   - usedSeconds: of today's budget.
    ///   - isTuning: whether this is about going on.
    ///   - calendar: Gregorian, in the time zone of the wall clock.
    public func assess(
        _ now: Surroundings, at time: Date, usedSeconds: Double, isTuning: Bool = false, _ calendar: Calendar
    ) -> [Assessment] {
        wanted(now, at: time, usedSeconds, calendar) + measured(now, isTuning: isTuning)
    }

    /// What the user wants and what the daemon has.
    private func wanted(
        _ now: Surroundings, at time: Date, _ usedSeconds: Double, _ calendar: Calendar
    ) -> [Assessment] {
        let hasPhotos = now.trainingPhotos >= leastPhotos && now.heldOutPhotos >= AdoptionGate.leastPhotos
        return [
            judged(.enabled, isEnabled),
            judged(.privacy, now.guardsHold, ifAbsent: .unknown) { ($0, [:]) },
            judged(.model, now.hasModel),
            judged(
                .photos, hasPhotos,
                [
                    "count": .count(Int64(now.trainingPhotos)), "wanted": .count(Int64(leastPhotos)),
                    "held-out": .count(Int64(now.heldOutPhotos)),
                    "held-out-wanted": .count(Int64(AdoptionGate.leastPhotos)),
                ]),
            judged(
                .newPhotos, now.hasUnfinishedRun || now.unseenPhotos >= leastNewPhotos,
                [
                    "count": .count(Int64(now.unseenPhotos)), "wanted": .count(Int64(leastNewPhotos)),
                    "unfinished": .flag(now.hasUnfinishedRun),
                ]),
            judged(.disk, now.freeDisk, ifAbsent: .unknown) {
                ($0 >= leastFreeDisk, ["bytes": .count($0), "wanted": .count(leastFreeDisk)])
            },
            judged(.inhibitors, now.inhibitors.isEmpty, ["who": .texts(now.inhibitors)]),
            judged(.jobs, now.foregroundJobs == 0, ["count": .count(Int64(now.foregroundJobs))]),
            schedule(at: time, calendar),
            judged(
                .budget, usedSeconds < dailySeconds,
                ["seconds": .number(usedSeconds), "limit": .number(dailySeconds)]),
        ]
    }

    /// What the machine and its user do.
    private func measured(_ now: Surroundings, isTuning: Bool) -> [Assessment] {
        let load = isTuning ? max(mostLoad, min(mostLoad * 1.5, 0.9)) : mostLoad
        let pressure = isTuning ? mostMemoryPressure * 2 : mostMemoryPressure
        let temperature = isTuning ? mostTemperature : mostTemperature - 10
        return [
            judged(.idle, now.idle, ifAbsent: .unknown) {
                (
                    $0.seconds >= idleSeconds,
                    [
                        "seconds": .number($0.seconds), "wanted": .number(idleSeconds), "exact": .flag($0.isExact),
                        "source": .text($0.source),
                    ]
                )
            },
            // A machine without a battery is on mains.
            judged(.power, now.power) { (onBattery || !$0.onBattery, ["battery": .flag($0.onBattery)]) },
            judged(.charge, now.power) {
                guard let percentage = $0.percentage else { return (true, [:]) }
                return (percentage >= leastCharge, ["percent": .number(percentage), "wanted": .number(leastCharge)])
            },
            judged(.powerProfile, now.powerProfile) { ($0 != "power-saver", ["profile": .text($0)]) },
            judged(.load, now.load, ifAbsent: .unknown) {
                ($0 <= load, ["share": .number($0), "limit": .number(load)])
            },
            // Kernels without PSI have no such figure.
            judged(.memory, now.memoryPressure) {
                ($0 <= pressure, ["share": .number($0), "limit": .number(pressure)])
            },
            judged(.temperature, now.temperature) {
                ($0 <= temperature, ["celsius": .number($0), "limit": .number(temperature)])
            },
        ]
    }

    private func judged(_ condition: Condition, _ isMet: Bool, _ details: [String: Assessment.Detail] = [:])
        -> Assessment
    {
        Assessment(condition, isMet ? .met : .unmet, details)
    }

    private func judged<Value>(
        _ condition: Condition, _ reading: Reading<Value>, ifAbsent: Assessment.Verdict = .met,
        _ judge: (Value) -> (Bool, [String: Assessment.Detail])
    ) -> Assessment {
        switch reading {
        case .known(let value):
            let (isMet, details) = judge(value)
            return judged(condition, isMet, details)
        case .absent: return Assessment(condition, ifAbsent, ["absent": .flag(true)])
        case .unknown: return Assessment(condition, .unknown)
        }
    }

    private func schedule(at time: Date, _ calendar: Calendar) -> Assessment {
        var details: [String: Assessment.Detail] = ["windows": .text(schedule)]
        // Checked when it was set; one that cannot be read allows nothing.
        guard let windows = try? CalendarWindow.list(schedule) else { return Assessment(.schedule, .unknown, details) }
        guard !windows.isEmpty, !windows.contains(where: { $0.contains(time, calendar) }) else {
            return Assessment(.schedule, .met, details)
        }
        if let next = nextOpening(after: time, calendar) { details["opens-at"] = .time(next) }
        return Assessment(.schedule, .unmet, details)
    }

    /// When a window of the schedule opens next; nil where there is none.
    public func nextOpening(after time: Date, _ calendar: Calendar) -> Date? {
        (try? CalendarWindow.list(schedule))?.compactMap { $0.nextOpening(after: time, calendar) }.min()
    }
}

extension [Assessment] {
    /// What keeps from tuning.
    ///
    /// - Parameter isForced: whether the user said "start now".
    public func obstacles(isForced: Bool) -> [Assessment] {
        filter { $0.verdict != .met && !(isForced && !$0.condition.isAlwaysRequired) }
    }

    /// Codes of what keeps from tuning.
    public func reasons(isForced: Bool) -> [String] { obstacles(isForced: isForced).map(\.condition.rawValue) }
}
