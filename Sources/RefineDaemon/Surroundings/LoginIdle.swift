import BusTransport
import Personalization

/// logind's IdleHint: what desktops tell it, and for consoles when something was typed last. The last resort.
struct LoginIdle: IdleMonitor {
    private let manager: RemoteInterface
    private let time: TimeSource

    /// - Returns: nil where there is no logind.
    static func open(_ bus: BusConnection, time: TimeSource) async -> LoginIdle? {
        let candidate = LoginIdle(manager: LoginSource.manager(bus), time: time)
        guard case .known = await candidate.idleness() else { return nil }
        return candidate
    }

    func follow(_ changed: @escaping @Sendable () -> Void) async { await manager.follow { _ in changed() } }

    func idleness() async -> Reading<UserIdleness> {
        await manager.properties().map { properties in
            guard let isIdle: Bool = properties["IdleHint"]?.content() else { return nil }
            guard isIdle, let since: UInt64 = properties["IdleSinceHint"]?.content() else {
                return UserIdleness(seconds: 0, isExact: false, source: "logind")
            }
            let now = time.now()
            return UserIdleness(seconds: Double(now - min(since, now)) / 1e6, source: "logind")
        }
    }
}
