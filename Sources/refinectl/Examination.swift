import BusTransport
import Glibc
import RefineBus
import RefineConfig

/// Looks at one part after the other; what rests on a part that failed is not looked at.
struct Examination {
    func checks() async -> [Check] {
        var checks = [settings()]
        do {
            let bus = try await BusConnection.open(.session())
            checks.append(Check(part: "bus", verdict: .ok, finding: "the session bus answers"))
            let unit = await unit(bus)
            checks.append(unit)
            // The bus waits for a unit that has failed, and so would this.
            if unit.verdict != .failed { checks += await daemon(bus) }
            await bus.close()
        } catch {
            checks.append(.failed("bus", error))
        }
        return checks
    }

    private func settings() -> Check {
        do {
            let settings = try Settings.load()
            let changed = SettingKey.all.count { settings.origin($0) != .builtIn }
            return Check(
                part: "settings", verdict: .ok,
                finding: changed == 0 ? "all as built in" : "\(changed) of \(SettingKey.all.count) changed")
        } catch {
            return Check(
                part: "settings", verdict: .failed, finding: error.located,
                remedy: error.remedy + "; see: refinectl config check")
        }
    }

    /// The user manager of systemd has its interface on the same bus.
    private func unit(_ bus: BusConnection) async -> Check {
        do {
            let state: String = try await systemd(bus, "GetUnitFileState").first?.content() ?? "unknown"
            guard !state.hasPrefix("masked") else {
                return Check(
                    part: "unit", verdict: .failed, finding: "refined.service is \(state)",
                    remedy: "run: systemctl --user unmask refined.service")
            }
            guard try await property("Unit", "ActiveState", bus) == .string("failed") else {
                // The bus starts it, so one that is not enabled is as it should be.
                let start = state.hasPrefix("enabled") ? "the session" : "the first call"
                return Check(part: "unit", verdict: .ok, finding: "refined.service starts with \(start)")
            }
            let status: Int32 = try await property("Service", "ExecMainStatus", bus)?.content() ?? 0
            let cause =
                status == Failure.Code.configuration ? "correct the settings" : "see: journalctl --user -u refined"
            return Check(
                part: "unit", verdict: .failed, finding: "refined.service has failed, with status \(status)",
                remedy: cause + ", then: systemctl --user start refined")
        } catch {
            return Check(
                part: "unit", verdict: .warning, finding: "no systemd user manager that knows refined.service",
                remedy: "refined has its own guards only then; where systemd is, install it by make install")
        }
    }

    /// A call to the manager about the unit.
    private func systemd(_ bus: BusConnection, _ member: String) async throws -> [BusValue] {
        try await bus.call(
            BusCall(
                to: "org.freedesktop.systemd1", path: "/org/freedesktop/systemd1",
                interface: "org.freedesktop.systemd1.Manager", member: member, [.string("refined.service")],
                autoStart: false))
    }

    private func property(_ interface: String, _ name: String, _ bus: BusConnection) async throws -> BusValue? {
        guard let unit: BusObjectPath = try await systemd(bus, "LoadUnit").first?.content() else { return nil }
        let reply = try await bus.call(
            BusCall(
                to: "org.freedesktop.systemd1", path: unit.rawValue, interface: StandardNames.properties, member: "Get",
                [.string("org.freedesktop.systemd1.\(interface)"), .string(name)], autoStart: false))
        guard case .variant(let value)? = reply.first else { return nil }
        return value
    }

    private func daemon(_ bus: BusConnection) async -> [Check] {
        let manager = ManagerProxy(bus)
        var properties: [String: BusValue]
        do {
            properties = try await manager.properties()
        } catch {
            return [.failed("refined", error)]
        }
        let version = properties["Version"]?.content(as: String.self) ?? "?"
        let isSame = version == ProductVersion.current
        var checks = [
            Check(
                part: "refined", verdict: isSame ? .ok : .warning, finding: "version \(version) answers",
                remedy: isSame ? "" : "refinectl is \(ProductVersion.current): systemctl --user restart refined"),
            guards(properties),
        ]
        // After the fill, which waits for the model.
        let fill = await fill(manager)
        properties = (try? await manager.properties()) ?? properties
        checks += [model(properties), engine(properties), await folders(bus)]
        if let idle = await idle(bus) { checks.append(idle) }
        return checks + [fill]
    }

    private func guards(_ properties: [String: BusValue]) -> Check {
        let guards: [String: Bool] = properties["Privacy"]?.content() ?? [:]
        let open = guards.filter { !$0.value }.map(\.key).sorted()
        guard open.isEmpty, !guards.isEmpty else {
            return Check(
                part: "guards", verdict: .failed, finding: "not held: \(open.joined(separator: ", "))",
                remedy: "the kernel refuses them; see the log: journalctl --user -u refined")
        }
        return Check(part: "guards", verdict: .ok, finding: "all \(guards.count) hold")
    }

    private func model(_ properties: [String: BusValue]) -> Check {
        let model = properties["Model"]?.options ?? [:]
        func text(_ key: String) -> String { model[key]?.content() ?? "" }
        guard text("state") == "ready" else {
            let error = RefineError(name: text("error"), message: text("message"))
            return Check(
                part: "model", verdict: .failed, finding: error?.detail ?? "it is \(text("state"))",
                remedy: error?.remedy ?? "see: refinectl status")
        }
        return Check(part: "model", verdict: .ok, finding: "\(text("name")), generation \(text("generation"))")
    }
}
