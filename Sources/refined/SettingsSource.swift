import Logging
import Personalization
import RefineBus
import RefineConfig
import RefineDaemon
import Synchronization

/// The settings that the daemon started with, those in force, and the way to read them again.
final class SettingsSource: Sendable {
    /// What was read first.
    let started: Settings
    private let flags: [String: SettingValue]
    private let inForce: Mutex<Settings>

    /// Reads the settings.
    ///
    /// - Parameter flags: What the command line gives, over all else, by full name.
    init(flags: [String: SettingValue]) throws(SettingsError) {
        self.flags = flags
        started = try Settings.load(flags: flags)
        inForce = Mutex(started)
    }

    /// Reads the settings again; they count as those in force from then on.
    ///
    /// - Throws: `RefineError` with code `invalidArgument` where they are wrong; then the old ones stay.
    func read() throws(RefineError) -> SettingsChange {
        let now: Settings
        do {
            now = try Settings.load(flags: flags)
        } catch {
            throw RefineError(
                .invalidArgument, "settings", "wrong", error.problemWithoutFolders,
                remedy: error.remedy + ", then reload again; see: refinectl config check")
        }
        let old = inForce.withLock { settings in
            defer { settings = now }
            return settings
        }
        return SettingsChange(
            settings: LiveSettings(now),
            changed: now.differences(from: old).filter { $0.effect == .onReload }.map(\.name),
            awaitingRestart: now.differences(from: started).filter { $0.effect == .onRestart }.map(\.name))
    }
}

extension LiveSettings {
    /// The part of the settings that a running daemon can take up.
    init(_ settings: Settings) {
        self.init()
        logLevel = Logger.Level(rawValue: settings.text(.logLevel)) ?? .info
        limits.queueLength = settings.integer(.queueLength)
        limits.retention = .seconds(settings.integer(.resultWait))
        limits.keptResults = settings.integer(.keptResults)
        limits.keptBytes = settings.integer(.keptMegabytes) << 20
        tuning = TuningPolicy(settings)
    }
}

extension SettingsError {
    /// What is wrong, with the name of the file alone: neither the log nor the bus is told folders.
    var problemWithoutFolders: String {
        let file = place.split(separator: "/").last.map { "\($0)" + (line.map { ":\($0)" } ?? "") + ": " } ?? ""
        return file + detail
    }

    /// The whole as a line; `refinectl config check` names the folder too.
    var withoutFolders: String { "\(problemWithoutFolders); \(remedy); see: refinectl config check" }
}
