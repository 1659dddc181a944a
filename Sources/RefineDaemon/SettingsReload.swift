import Logging
import Personalization
import RefineBus

/// Settings that can change while the daemon runs.
public struct LiveSettings: Sendable, Equatable {
    public var limits = ServiceLimits()
    public var logLevel = Logger.Level.info
    public var tuning = TuningPolicy()

    public init() {}
}

/// What reading the settings again has shown.
public struct SettingsChange: Sendable {
    public var settings: LiveSettings
    /// Names of the settings that differ from those that were in force, and can take effect now.
    public var changed: [String]
    /// Names of the settings that differ from those that the daemon started with, and need a restart.
    public var awaitingRestart: [String]

    public init(settings: LiveSettings, changed: [String], awaitingRestart: [String]) {
        self.settings = settings
        self.changed = changed
        self.awaitingRestart = awaitingRestart
    }
}

/// Reads the settings again and puts them in force: for `Manager.Reload` and for SIGHUP. Where they are wrong nothing
/// changes.
actor SettingsReload {
    /// Reads all files and the environment.
    ///
    /// - Throws: `RefineError` with code `invalidArgument` for settings that cannot be used.
    typealias Reader = @Sendable () throws -> SettingsChange

    private let read: Reader
    private let service: InpaintService
    private let threshold: LogThreshold
    private let adoptTuning: @Sendable (TuningPolicy) async -> Void
    private let notifier: SystemdNotifier?
    private let log: Logger

    init(
        read: @escaping Reader, service: InpaintService, threshold: LogThreshold,
        adoptTuning: @escaping @Sendable (TuningPolicy) async -> Void, notifier: SystemdNotifier?, log: Logger
    ) {
        self.read = read
        self.service = service
        self.threshold = threshold
        self.adoptTuning = adoptTuning
        self.notifier = notifier
        self.log = log
    }

    /// - Throws: what the reader throws; the old settings stay in force.
    @discardableResult
    func reload() async throws -> SettingsChange {
        // systemd counts the service as reloading from the one to the other, whether it asked for it or not.
        notifier?.send("RELOADING=1\nMONOTONIC_USEC=\(SystemdNotifier.monotonicMicroseconds)")
        defer { notifier?.send("READY=1") }
        do {
            let change = try read()
            threshold.level = change.settings.logLevel
            await service.adopt(change.settings.limits)
            await adoptTuning(change.settings.tuning)
            log.info(
                "settings read again",
                metadata: [
                    "changed": "\(change.changed.joined(separator: ","))",
                    "restart-needed": "\(change.awaitingRestart.joined(separator: ","))",
                ])
            return change
        } catch {
            log.error("settings not read again, the old ones stay in force", metadata: ["error": "\(error)"])
            throw error
        }
    }
}
