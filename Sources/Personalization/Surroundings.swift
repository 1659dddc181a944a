/// What a source says.
public enum Reading<Value: Sendable & Equatable>: Sendable, Equatable {
    case known(Value)
    /// The machine has no such thing: no battery, no thermal sensor.
    case absent
    /// It has one, or may have one, and it cannot be asked.
    case unknown
}

/// Where the power comes from.
public struct PowerSupply: Sendable, Equatable {
    public var onBattery: Bool
    /// 0 to 100; nil without a battery.
    public var percentage: Double?

    public init(onBattery: Bool, percentage: Double? = nil) {
        self.onBattery = onBattery
        self.percentage = percentage
    }
}

/// How long the user has been away.
public struct UserIdleness: Sendable, Equatable {
    /// Seconds since the user last did something.
    public var seconds: Double
    /// Whether that is the time itself. Some sources only tell that the user has come, or has been away for as long as
    /// was asked for; then it is 0, or the least that it can be.
    public var isExact: Bool
    /// Who says so: `wayland`, `mutter`, `screensaver` or `logind`.
    public var source: String

    public init(seconds: Double, isExact: Bool = true, source: String) {
        self.seconds = seconds
        self.isExact = isExact
        self.source = source
    }
}

/// All that decides whether this is a good moment to tune: injected, so that the decision itself is pure.
public struct Surroundings: Sendable, Equatable {
    public var idle: Reading<UserIdleness> = .unknown
    public var power: Reading<PowerSupply> = .unknown
    /// How much of all processors others use, 0 to 1; what the tuner uses itself is taken off.
    public var load: Reading<Double> = .unknown
    /// The part of the time in which something waited for memory, 0 to 1 (PSI); the tuner's own waits are taken off.
    public var memoryPressure: Reading<Double> = .unknown
    /// Degrees Celsius of the hottest processor.
    public var temperature: Reading<Double> = .unknown
    /// `power-saver`, `balanced` or `performance`.
    public var powerProfile: Reading<String> = .unknown
    /// Bytes that are free where checkpoints go.
    public var freeDisk: Reading<Int64> = .unknown
    /// Fills that wait or run.
    public var foregroundJobs = 0
    /// Programs that asked for quiet.
    public var inhibitors: [String] = []
    /// Ready photos to learn from, near-duplicates counted once.
    public var trainingPhotos = 0
    /// Ready photos to check by, near-duplicates counted once.
    public var heldOutPhotos = 0
    /// Photos that no run has used.
    public var unseenPhotos = 0
    /// Whether a run was begun and is to be gone on with; then no new photos are needed.
    public var hasUnfinishedRun = false
    /// Whether the guards that keep photos on the machine hold.
    public var guardsHold: Reading<Bool> = .unknown
    /// Whether there is a model that can be tuned.
    public var hasModel = false

    public init() {}
}

/// What the user wants.
public struct TuningPolicy: Sendable, Equatable, Codable {
    /// Whether to tune at all without being told to.
    public var isEnabled = true
    /// How long the user must have been away.
    public var idleSeconds = 300.0
    /// Windows of time, as `CalendarWindow.list` reads them.
    public var schedule = "always"
    /// Seconds of tuning in a day.
    public var dailySeconds = 7200.0
    /// Whether to tune on battery.
    public var onBattery = false
    /// The least charge, on battery or while charging, 0 to 100.
    public var leastCharge = 30.0
    /// The most load by others, 0 to 1.
    public var mostLoad = 0.25
    /// The most memory pressure, 0 to 1.
    public var mostMemoryPressure = 0.1
    /// Degrees Celsius while tuning; 10 below it to begin.
    public var mostTemperature = 85.0
    /// Bytes that must stay free.
    public var leastFreeDisk: Int64 = 2 << 30
    /// Photos to learn from, at least.
    public var leastPhotos = 20
    /// New photos since the last run, at least.
    public var leastNewPhotos = 5

    public init() {}
}
