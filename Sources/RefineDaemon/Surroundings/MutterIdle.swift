import BusTransport
import Personalization

/// GNOME's compositor, on Wayland and X11: org.gnome.Mutter.IdleMonitor.
struct MutterIdle: IdleMonitor {
    static let name = "org.gnome.Mutter.IdleMonitor"

    private let monitor: RemoteInterface
    private let threshold: Double

    /// - Returns: nil where the session has no Mutter.
    static func open(_ bus: BusConnection, threshold: Double) async -> MutterIdle? {
        let monitor = RemoteInterface(bus: bus, name: name, path: "/org/gnome/Mutter/IdleMonitor/Core", interface: name)
        let candidate = MutterIdle(monitor: monitor, threshold: threshold)
        guard case .known = await candidate.idleness() else { return nil }
        return candidate
    }

    func idleness() async -> Reading<UserIdleness> {
        guard let milliseconds: UInt64 = await monitor.call("GetIdletime")?.first?.content() else { return .unknown }
        return .known(UserIdleness(seconds: Double(milliseconds) / 1000, source: "mutter"))
    }

    func follow(_ changed: @escaping @Sendable () -> Void) async {
        let match = SignalMatch(path: monitor.path, interface: monitor.interface, member: "WatchFired")
        guard let owner = try? await monitor.bus.owner(of: monitor.name),
            let fired = try? await monitor.bus.signals(match),
            let away: UInt32 = await monitor.call("AddIdleWatch", [.uint64(UInt64(threshold * 1000))])?.first?.content()
        else { return }
        var back: UInt32?
        if case .known(let idleness) = await idleness(), idleness.seconds >= threshold {
            back = await monitor.call("AddUserActiveWatch")?.first?.content()
        }
        // The first one stays and fires each time; the second one fires once.
        for await signal in fired where signal.sender == owner {
            guard let watch: UInt32 = signal.body.first?.content() else { continue }
            if watch == away, back == nil {
                back = await monitor.call("AddUserActiveWatch")?.first?.content()
            } else if watch == back {
                back = nil
            } else {
                continue
            }
            changed()
        }
        for watch in [away, back].compactMap({ $0 }) { _ = await monitor.call("RemoveWatch", [.uint32(watch)]) }
    }
}
