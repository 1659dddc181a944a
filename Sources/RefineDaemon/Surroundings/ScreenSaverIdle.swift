import BusTransport
import Personalization

/// A screen saver on the session bus. KDE's tells how long the user has been idle; others only whether the screen is
/// covered, which is what their users see as being away.
package actor ScreenSaverIdle: IdleMonitor {
    static let names = services.map(\.name)
    private static let services = [
        (name: "org.freedesktop.ScreenSaver", path: "/org/freedesktop/ScreenSaver"),
        (name: "org.gnome.ScreenSaver", path: "/org/gnome/ScreenSaver"),
        (name: "org.cinnamon.ScreenSaver", path: "/org/cinnamon/ScreenSaver"),
        (name: "org.mate.ScreenSaver", path: "/org/mate/ScreenSaver"),
        (name: "org.xfce.ScreenSaver", path: "/org/xfce/ScreenSaver"),
    ]

    private let saver: RemoteInterface
    private let threshold: Double
    private let time: TimeSource
    private let tellsIdleTime: Bool
    /// What one second is in its answers: the specification says 1, KDE means 1000; nil while it cannot be told.
    private var unit: Double?

    /// - Returns: nil where none runs that can say anything.
    static func open(_ bus: BusConnection, threshold: Double, time: TimeSource) async -> ScreenSaverIdle? {
        for service in services {
            let saver = RemoteInterface(bus: bus, name: service.name, path: service.path, interface: service.name)
            let idle: UInt32? = await saver.call("GetSessionIdleTime")?.first?.content()
            let active: Bool? = await saver.call("GetActive")?.first?.content()
            guard idle != nil || active != nil else { continue }
            return ScreenSaverIdle(saver, threshold, time, tellsIdleTime: idle != nil)
        }
        return nil
    }

    private init(_ saver: RemoteInterface, _ threshold: Double, _ time: TimeSource, tellsIdleTime: Bool) {
        self.saver = saver
        self.threshold = threshold
        self.time = time
        self.tellsIdleTime = tellsIdleTime
    }

    package func follow(_ changed: @escaping @Sendable () -> Void) async {
        let match = SignalMatch(path: saver.path, interface: saver.interface, member: "ActiveChanged")
        guard let changes = try? await saver.bus.signals(match),
            let owners = try? await saver.bus.ownerChanges(of: saver.name)
        else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in changes { changed() } }
            if tellsIdleTime { group.addTask { await self.lookWhenItIsDue(changed) } }
            // The end of the service is the end of all.
            for await _ in owners { break }
            group.cancelAll()
        }
    }

    /// Asks no earlier than the user can have been away for long enough.
    private func lookWhenItIsDue(_ changed: @escaping @Sendable () -> Void) async {
        while !Task.isCancelled {
            guard case .known(let found) = await idleness() else { return }
            let left = max(threshold - found.seconds, 60)
            guard (try? await time.sleep(.seconds(Int64(left.rounded(.up))))) != nil else { return }
            changed()
        }
    }

    package func idleness() async -> Reading<UserIdleness> {
        if await saver.call("GetActive")?.first?.content() == true {
            // How long it has been covered: 0 where that is not told.
            let covered = Double(await saver.call("GetActiveTime")?.first?.content(as: UInt32.self) ?? 0)
            return .known(UserIdleness(seconds: max(covered, threshold), isExact: false, source: "screensaver"))
        }
        guard tellsIdleTime else {
            return .known(UserIdleness(seconds: 0, isExact: false, source: "screensaver"))
        }
        guard let first = await idleTime() else { return .unknown }
        if unit == nil {
            try? await time.sleep(.seconds(1))
            guard let second = await idleTime() else { return .unknown }
            unit = Self.unit(first, second)
        }
        // Without a unit: it was moved in between, or never says more than 0.
        return .known(UserIdleness(seconds: unit.map { first / $0 } ?? 0, isExact: unit != nil, source: "screensaver"))
    }

    /// The unit of two answers that are a second apart; nil where the user has moved in between.
    package static func unit(_ first: Double, _ second: Double) -> Double? {
        switch second - first {
        case 500...5000: 1000
        case 1...3 where second > 3: 1
        default: nil
        }
    }

    private func idleTime() async -> Double? {
        await saver.call("GetSessionIdleTime")?.first?.content(as: UInt32.self).map(Double.init)
    }
}
