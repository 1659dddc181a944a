import BusTransport
import Personalization
import Synchronization

/// Sleep of the machine, and programs that forbid it to be idle, from logind.
package final class LoginSource: SurroundingsSource {
    package let conditions: Set<Condition> = [.inhibitors]
    private let bus: BusConnection?
    private struct State {
        var isGoingToSleep = false
        var blocked: [String] = []
    }
    private let state = Mutex(State())

    /// - Parameter bus: the system's; nil where there is none.
    package init(bus: BusConnection?) {
        self.bus = bus
    }

    static func manager(_ bus: BusConnection) -> RemoteInterface {
        RemoteInterface(
            bus: bus, name: "org.freedesktop.login1", path: "/org/freedesktop/login1",
            interface: "org.freedesktop.login1.Manager")
    }

    package func follow(_ changed: @escaping @Sendable () -> Void) async {
        guard let bus else { return }
        let manager = Self.manager(bus)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await manager.follow { properties in
                    guard case .known(let properties) = properties else { return }
                    let blocked: String = properties["BlockInhibited"]?.content() ?? ""
                    self.state.withLock { $0.blocked = blocked.split(separator: ":").map(String.init) }
                    changed()
                }
            }
            group.addTask {
                let match = SignalMatch(path: manager.path, interface: manager.interface, member: "PrepareForSleep")
                guard let signals = try? await bus.signals(match) else { return }
                for await signal in signals {
                    let owner = try? await bus.owner(of: manager.name)
                    guard signal.sender == owner, let isStarting: Bool = signal.body.first?.content() else { continue }
                    self.state.withLock { $0.isGoingToSleep = isStarting }
                    changed()
                }
            }
        }
    }

    package func read(into now: inout Surroundings) async {
        let state = state.withLock { $0 }
        if state.isGoingToSleep { now.inhibitors.append("sleep") }
        // As a film player does; desktops that tell idleness by the last key alone would count its watcher as away.
        if state.blocked.contains("idle") { now.inhibitors.append("logind") }
    }
}
