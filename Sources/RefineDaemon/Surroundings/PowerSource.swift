import BusTransport
import Personalization
import Synchronization

/// Mains or battery, from UPower; from the kernel's own files where there is no UPower.
package final class PowerSource: SurroundingsSource {
    package let conditions: Set<Condition> = [.power, .charge]
    private let bus: BusConnection?
    private let folder: String
    private struct State {
        var isOnBattery: Reading<Bool> = .unknown
        var percentage: Reading<Double?> = .unknown
    }
    private let state = Mutex(State())

    /// - Parameters:
    ///   - bus: the system's; nil where there is none.
    ///   - folder: of the kernel's power supplies.
    package init(bus: BusConnection?, folder: String = "/sys/class/power_supply") {
        self.bus = bus
        self.folder = folder
    }

    package func follow(_ changed: @escaping @Sendable () -> Void) async {
        guard let bus else { return }
        let name = "org.freedesktop.UPower"
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await RemoteInterface(bus: bus, name: name, path: "/org/freedesktop/UPower", interface: name).follow {
                    properties in
                    let reading: Reading<Bool> = properties.map { $0["OnBattery"]?.content() }
                    self.state.withLock { $0.isOnBattery = reading }
                    changed()
                }
            }
            group.addTask {
                await RemoteInterface(
                    bus: bus, name: name, path: "/org/freedesktop/UPower/devices/DisplayDevice",
                    interface: name + ".Device"
                ).follow { properties in
                    let reading: Reading<Double?> = properties.map { Self.percentage($0) }
                    self.state.withLock { $0.percentage = reading }
                    changed()
                }
            }
        }
    }

    /// Of the battery or the uninterruptible supply that all of them are shown as.
    private static func percentage(_ device: [String: BusValue]) -> Double?? {
        guard let isPresent: Bool = device["IsPresent"]?.content(), let kind: UInt32 = device["Type"]?.content()
        else { return .none }
        // 2 is a battery, 3 an uninterruptible supply.
        guard isPresent, kind == 2 || kind == 3 else { return .some(nil) }
        return .some(device["Percentage"]?.content())
    }

    package func read(into now: inout Surroundings) async {
        let state = state.withLock { $0 }
        switch (state.isOnBattery, state.percentage) {
        case _ where bus == nil: now.power = KernelPowerSupplies(folder: folder).reading
        case (.known(let isOnBattery), .known(let percentage)):
            now.power = .known(PowerSupply(onBattery: isOnBattery, percentage: percentage))
        case (.absent, _): now.power = KernelPowerSupplies(folder: folder).reading
        default: now.power = .unknown
        }
    }
}

extension Reading {
    /// What `body` finds in a known value; unknown where it finds nothing.
    func map<Other>(_ body: (Value) -> Other?) -> Reading<Other> {
        switch self {
        case .known(let value): body(value).map { .known($0) } ?? .unknown
        case .absent: .absent
        case .unknown: .unknown
        }
    }
}
