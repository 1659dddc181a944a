import BusTransport
import Foundation
import Logging
import Personalization

extension TuningService {
    /// The service as the daemon runs it, with everything that this machine and its session tell.
    ///
    /// - Parameters:
    ///   - policy: what the settings say.
    ///   - library: has what the user said over the bus, and the photos.
    ///   - tuner: nil where nothing can be tuned.
    ///   - archive: has the generations; nil where nothing can be tuned.
    ///   - time: of all waits.
    ///   - log: is told of every change of state.
    ///   - guards: tries the guards that keep photos on this machine; true where all hold.
    public init(
        policy: TuningPolicy, library: LibraryHandle, tuner: (any TunerPort)?, archive: (any TuningArchive)?,
        time: TimeSource, log: Logger, guards: @escaping @Sendable () async -> Bool
    ) {
        self.init(
            policy: policy, library: library, tuner: tuner, archive: archive, time: time,
            calendar: {
                var calendar = Calendar(identifier: .gregorian)
                calendar.timeZone = .autoupdatingCurrent
                return calendar
            }, log: log
        ) { session in
            let environment = ProcessInfo.processInfo.environment
            // Containers and small systems have none.
            let system = try? await BusConnection.open(.system())
            let places = IdleSource.Places(
                session: session, system: system, runtimeFolder: environment["XDG_RUNTIME_DIR"],
                display: environment["WAYLAND_DISPLAY"])
            return [
                [
                    IdleSource(places, threshold: policy.idleSeconds, time: time), PowerSource(bus: system),
                    PowerProfileSource(bus: system), LoginSource(bus: system),
                ],
                [
                    DiskSource(folder: library.folder), TemperatureSource(),
                    LoadSource(time: time, usage: { await tuner?.usage() ?? TunerUsage() }),
                ],
                [GuardSource(time: time, guards)],
            ]
        }
    }
}
