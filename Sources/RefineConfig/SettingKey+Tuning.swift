import Personalization

extension SettingKey {
    public static let tuningEnabled = SettingKey(
        name: "tuning.enabled", kind: .flag, standard: .flag(true),
        summary: "Whether to tune in the background without being told to.")
    public static let tuningSchedule = SettingKey(
        name: "tuning.schedule", kind: .windows, standard: .string("always"),
        summary: "When tuning is allowed; what refinectl schedule has set goes over it.")
    public static let tuningIdleMinutes = SettingKey(
        name: "tuning.idle-minutes", kind: .integer(1...1440), standard: .integer(5),
        summary: "Minutes for which the user must have been away.")
    public static let tuningDailyMinutes = SettingKey(
        name: "tuning.daily-minutes", kind: .integer(1...1440), standard: .integer(120),
        summary: "Minutes of tuning in a day at most.")
    public static let tuningOnBattery = SettingKey(
        name: "tuning.on-battery", kind: .flag, standard: .flag(false), summary: "Whether to tune on battery too.")
    public static let tuningLeastCharge = SettingKey(
        name: "tuning.least-charge", kind: .integer(0...100), standard: .integer(30),
        summary: "Charge of the battery, in percent, below which nothing is tuned, plugged in or not.")
    public static let tuningMostLoad = SettingKey(
        name: "tuning.most-load", kind: .integer(1...100), standard: .integer(25),
        summary: "Percent of all processors that other programs may use.")
    public static let tuningMostTemperature = SettingKey(
        name: "tuning.most-temperature", kind: .integer(50...110), standard: .integer(85),
        summary: "Degrees Celsius of the processors above which tuning is held; it begins 10 below.")
    public static let tuningLeastDiskMegabytes = SettingKey(
        name: "tuning.least-disk-megabytes", kind: .integer(256...1_048_576), standard: .integer(2048),
        summary: "Disk space that must be free, in MB of 1,048,576 bytes.")
    public static let tuningLeastPhotos = SettingKey(
        name: "tuning.least-photos", kind: .integer(5...10_000), standard: .integer(20),
        summary: "Photos to learn from that the library must have, near-duplicates counted once.")
    public static let tuningNewPhotos = SettingKey(
        name: "tuning.new-photos", kind: .integer(0...10_000), standard: .integer(5),
        summary: "Photos that no run has used yet, without which none begins.")

    /// The standard is that of `PersonalRecipe`, which chose its learning rate by it.
    public static let tuningSteps = SettingKey(
        name: "tuning.steps", kind: .integer(10...20_000), effect: .onRestart, standard: .integer(4000),
        summary: "Steps of a run of tuning. More learn more and take longer; a run under way begins anew.")
    public static let keptGenerations = SettingKey(
        name: "tuning.kept-generations", kind: .integer(1...50), effect: .onRestart, standard: .integer(5),
        summary: "Tuned generations of the model whose files are kept, 17 MB each; the oldest goes first.")

    static let tuning = [
        tuningEnabled, tuningSchedule, tuningIdleMinutes, tuningDailyMinutes, tuningOnBattery, tuningLeastCharge,
        tuningMostLoad, tuningMostTemperature, tuningLeastDiskMegabytes, tuningLeastPhotos, tuningNewPhotos,
        tuningSteps, keptGenerations,
    ]
}

extension TuningPolicy {
    /// What the settings say; all else as built in.
    public init(_ settings: Settings) {
        self.init()
        isEnabled = settings.flag(.tuningEnabled)
        schedule = settings.text(.tuningSchedule)
        idleSeconds = Double(settings.integer(.tuningIdleMinutes) * 60)
        dailySeconds = Double(settings.integer(.tuningDailyMinutes) * 60)
        onBattery = settings.flag(.tuningOnBattery)
        leastCharge = Double(settings.integer(.tuningLeastCharge))
        mostLoad = Double(settings.integer(.tuningMostLoad)) / 100
        mostTemperature = Double(settings.integer(.tuningMostTemperature))
        leastFreeDisk = Int64(settings.integer(.tuningLeastDiskMegabytes)) << 20
        leastPhotos = settings.integer(.tuningLeastPhotos)
        leastNewPhotos = settings.integer(.tuningNewPhotos)
    }
}
