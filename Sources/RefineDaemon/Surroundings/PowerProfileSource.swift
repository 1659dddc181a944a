import BusTransport
import Personalization
import Synchronization

/// The power profile, from power-profiles-daemon or what stands in for it.
package final class PowerProfileSource: SurroundingsSource {
    package let conditions: Set<Condition> = [.powerProfile]
    private let bus: BusConnection?
    private let profile: Mutex<Reading<String>>

    /// - Parameter bus: the system's; nil where there is none.
    package init(bus: BusConnection?) {
        self.bus = bus
        profile = Mutex(bus == nil ? .absent : .unknown)
    }

    package func follow(_ changed: @escaping @Sendable () -> Void) async {
        guard let bus else { return }
        // The name before version 0.20, which later ones have still.
        let name = "net.hadess.PowerProfiles"
        await RemoteInterface(bus: bus, name: name, path: "/net/hadess/PowerProfiles", interface: name).follow {
            properties in
            let reading: Reading<String> = properties.map { $0["ActiveProfile"]?.content() }
            self.profile.withLock { $0 = reading }
            changed()
        }
    }

    package func read(into now: inout Surroundings) async { now.powerProfile = profile.withLock { $0 } }
}
