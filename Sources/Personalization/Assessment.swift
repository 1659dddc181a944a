import Foundation

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

    /// Whether a run that is under way can be held and continued as the condition comes and goes.
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

    public let condition: Condition
    public let verdict: Verdict
    /// What was measured, for people and programs: `idle-seconds=12`, `window-opens=...`. Never a path.
    public let value: String

    public init(_ condition: Condition, _ verdict: Verdict, _ value: String) {
        self.condition = condition
        self.verdict = verdict
        self.value = value
    }
}

extension TuningPolicy {
    /// Looks at all conditions, in the order in which people ask for them.
    ///
    /// - Parameters:
    ///   - usedMinutes: of today's budget.
    ///   - calendar: Gregorian, in the time zone of the wall clock.
    public func assess(
        _ now: Surroundings, at time: Date, usedMinutes: Double, _ calendar: Calendar
    ) -> [Assessment] {
        var all: [Assessment] = []
        func add(_ condition: Condition, _ isMet: Bool, _ value: String) {
            all.append(Assessment(condition, isMet ? .met : .unmet, value))
        }
        func add<Value>(
            _ condition: Condition, _ reading: Reading<Value>, ifAbsent: Bool = true, _ body: (Value) -> (Bool, String)
        ) {
            switch reading {
            case .known(let value):
                let (isMet, text) = body(value)
                add(condition, isMet, text)
            case .absent: all.append(Assessment(condition, ifAbsent ? .met : .unknown, "none"))
            case .unknown: all.append(Assessment(condition, .unknown, "unknown"))
            }
        }
        add(.enabled, isEnabled, isEnabled ? "on" : "off")
        add(.privacy, now.guardsHold, ifAbsent: false) { ($0, $0 ? "guards hold" : "a guard does not hold") }
        add(.model, now.hasModel, now.hasModel ? "ready" : "none")
        let leastHeldOut = AdoptionGate.leastPhotos
        add(
            .photos, now.trainingPhotos >= leastPhotos && now.heldOutPhotos >= leastHeldOut,
            "\(now.trainingPhotos) of \(leastPhotos) to learn from, \(now.heldOutPhotos) of \(leastHeldOut) to check by"
        )
        add(.newPhotos, now.unseenPhotos >= leastNewPhotos, "\(now.unseenPhotos) of \(leastNewPhotos)")
        add(.disk, now.freeDisk, ifAbsent: false) {
            ($0 >= leastFreeDisk, "\($0 >> 20) of \(leastFreeDisk >> 20) MiB free")
        }
        add(
            .inhibitors, now.inhibitors.isEmpty,
            now.inhibitors.isEmpty ? "none" : now.inhibitors.joined(separator: ", "))
        add(.jobs, now.foregroundJobs == 0, "\(now.foregroundJobs)")
        let (isOpen, words) = scheduleState(at: time, calendar)
        add(.schedule, isOpen, words)
        add(.budget, usedMinutes < Double(dailyMinutes), "\(Int(usedMinutes)) of \(dailyMinutes) minutes used today")
        add(.idle, now.idleSeconds, ifAbsent: false) {
            ($0 >= idleSeconds, "\(Int($0)) of \(Int(idleSeconds)) seconds")
        }
        // A machine without a battery is on mains.
        add(.power, now.power) { ($0.onBattery ? onBattery : true, $0.onBattery ? "battery" : "mains") }
        add(.charge, now.power) {
            guard let percentage = $0.percentage else { return (true, "no battery") }
            return (percentage >= leastCharge, "\(Int(percentage)) of \(Int(leastCharge)) %")
        }
        add(.powerProfile, now.powerProfile) { ($0 != "power-saver", $0) }
        add(.load, now.load, ifAbsent: false) {
            ($0 <= mostLoad, "\(Int($0 * 100)) of at most \(Int(mostLoad * 100)) %")
        }
        // Kernels without PSI have no such figure.
        add(.memory, now.memoryPressure) {
            ($0 <= mostMemoryPressure, "\(Int($0 * 100)) of at most \(Int(mostMemoryPressure * 100)) %")
        }
        add(.temperature, now.temperature) {
            ($0 <= mostTemperature, "\(Int($0)) of at most \(Int(mostTemperature)) °C")
        }
        return all
    }

    private func scheduleState(at time: Date, _ calendar: Calendar) -> (Bool, String) {
        // Checked when it was set; one that cannot be read allows nothing.
        guard let windows = try? CalendarWindow.list(schedule) else { return (false, "unreadable: \(schedule)") }
        guard !windows.isEmpty else { return (true, "always") }
        let text = windows.map(\.description).joined(separator: "; ")
        if windows.contains(where: { $0.contains(time, calendar) }) { return (true, text) }
        guard let next = windows.compactMap({ $0.nextOpening(after: time, calendar) }).min() else {
            return (false, text)
        }
        let fields = calendar.dateComponents([.year, .month, .day, .hour, .minute], from: next)
        func two(_ number: Int?) -> String { (number ?? 0) < 10 ? "0\(number ?? 0)" : "\(number ?? 0)" }
        return (
            false,
            "\(text), opens \(fields.year ?? 0)-\(two(fields.month))-\(two(fields.day)) "
                + "\(two(fields.hour)):\(two(fields.minute))"
        )
    }
}

extension [Assessment] {
    /// Whether tuning may go on.
    ///
    /// - Parameter isForced: whether the user said "start now".
    public func allow(isForced: Bool) -> Bool {
        allSatisfy { $0.verdict == .met || (isForced && !$0.condition.isAlwaysRequired) }
    }

    /// Codes of what keeps from tuning.
    public func reasons(isForced: Bool) -> [String] {
        filter { $0.verdict != .met && !(isForced && !$0.condition.isAlwaysRequired) }.map(\.condition.rawValue)
    }
}
