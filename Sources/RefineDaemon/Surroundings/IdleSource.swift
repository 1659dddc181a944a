import BusTransport
import Foundation
import Personalization

/// One way to learn whether the user is there.
package protocol IdleMonitor: Sendable {
    /// Follows the user until what tells of them goes away, or the task is cancelled.
    ///
    /// - Parameter changed: called when the user comes back, or has been away for long enough.
    func follow(_ changed: @escaping @Sendable () -> Void) async

    func idleness() async -> Reading<UserIdleness>
}

/// Whether the user is there, from the best of the ways that this session has: the Wayland compositor, Mutter, the screen
/// saver, logind. When one comes or goes the best is chosen anew.
package actor IdleSource: SurroundingsSource {
    /// Where the ways are looked for.
    package struct Places: Sendable {
        let session: BusConnection
        /// The system's bus; nil where there is none.
        let system: BusConnection?
        /// Folder of the session's sockets; nil where there is none.
        let runtimeFolder: String?
        /// The compositor's socket where it is known: a path, or a name in that folder.
        let display: String?

        package init(session: BusConnection, system: BusConnection?, runtimeFolder: String?, display: String?) {
            self.session = session
            self.system = system
            self.runtimeFolder = runtimeFolder
            self.display = display
        }
    }

    package nonisolated let conditions: Set<Condition> = [.idle]
    private let places: Places
    private let time: TimeSource
    /// Seconds after which the user counts as away.
    private var threshold: Double
    private let (ticks, tick) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private var monitor: (any IdleMonitor)?
    /// Whether a compositor is followed: nothing better can come, and asking it anew would forget since when its user is
    /// away.
    private var hasCompositor = false
    /// How often a compositor that refused is still tried again. A socket can be seen before its compositor listens, which
    /// nothing tells of; one that was left behind refuses for ever.
    private var attempts = IdleSource.mostAttempts
    private static let mostAttempts = 5
    private static let pause = Duration.milliseconds(200)

    package init(_ places: Places, threshold: Double, time: TimeSource) {
        self.places = places
        self.threshold = threshold
        self.time = time
    }

    package func read(into now: inout Surroundings) async { now.idle = await monitor?.idleness() ?? .unknown }

    package func adapt(to policy: TuningPolicy) {
        guard policy.idleSeconds != threshold else { return }
        threshold = policy.idleSeconds
        hasCompositor = false
        tick.yield()
    }

    package func follow(_ changed: @escaping @Sendable () -> Void) async {
        let (ticks, tick) = (ticks, tick)
        tick.yield()
        let sockets = places.runtimeFolder.map { SocketWatch.arrivals(in: $0) }
        await withTaskGroup(of: Void.self) { group in
            if let sockets {
                group.addTask {
                    for await _ in sockets {
                        await self.expectCompositor()
                        tick.yield()
                    }
                }
            }
            for name in [MutterIdle.name] + ScreenSaverIdle.names {
                group.addTask {
                    guard let owners = try? await self.places.session.ownerChanges(of: name) else { return }
                    for await _ in owners { tick.yield() }
                }
            }
            var current: Task<Void, Never>?
            for await _ in ticks where !hasCompositor {
                current?.cancel()
                await current?.value
                let (monitor, wasRefused) = await choose()
                self.monitor = monitor
                hasCompositor = monitor is WaylandIdle
                changed()
                if wasRefused, attempts > 0 {
                    attempts -= 1
                    group.addTask { [time] in
                        try? await time.sleep(Self.pause)
                        tick.yield()
                    }
                }
                current = Task {
                    await monitor?.follow(changed)
                    // It went away by itself: there may be another one.
                    if monitor != nil, !Task.isCancelled {
                        await self.lost()
                        try? await time.sleep(.seconds(5))
                        tick.yield()
                    }
                }
            }
            current?.cancel()
            group.cancelAll()
        }
        monitor = nil
        hasCompositor = false
    }

    private func lost() { hasCompositor = false }

    private func expectCompositor() { attempts = Self.mostAttempts }

    /// - Returns: the best way, and whether a compositor refused that would have been a better one.
    private func choose() async -> ((any IdleMonitor)?, wasRefused: Bool) {
        var wasRefused = false
        for path in sockets {
            switch await WaylandIdle.open(path, threshold: threshold, time: time) {
            case .open(let monitor): return (monitor, false)
            case .refused: wasRefused = true
            case .useless: continue
            }
        }
        return (await chooseOnBus(), wasRefused)
    }

    private func chooseOnBus() async -> (any IdleMonitor)? {
        if let monitor = await MutterIdle.open(places.session, threshold: threshold) { return monitor }
        if let monitor = await ScreenSaverIdle.open(places.session, threshold: threshold, time: time) {
            return monitor
        }
        guard let system = places.system else { return nil }
        return await LoginIdle.open(system, time: time)
    }

    /// Sockets of compositors, that of the environment first. The daemon may have been started before the compositor, and
    /// then its environment names none.
    private var sockets: [String] {
        guard let folder = places.runtimeFolder else { return places.display.map { [$0] } ?? [] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let found = names.filter(SocketWatch.isSocket).sorted().map { "\(folder)/\($0)" }
        guard let display = places.display else { return found }
        let named = display.hasPrefix("/") ? display : "\(folder)/\(display)"
        return [named] + found.filter { $0 != named }
    }
}
