import ArgumentParser
import BusTransport
import Glibc
import RefineBus
import RefineConfig

/// `refinectl doctor`
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Find out what keeps refined from working, and what to do about it.",
        discussion: """
            Looks at the settings, the bus, the unit, the daemon, its model and its guards, and fills a hole in a made-up \
            picture. Starts refined where it does not run.

              refinectl doctor
              refinectl doctor --json

            Ends with 69 where something keeps refined from working.
            """)

    @Flag(help: "Print one JSON object per check, a line each.")
    var json = false

    func run() async throws {
        var isWell = true
        for check in await Examination().checks() {
            Terminal.print(json ? check.object.text : check.words)
            if check.verdict == .failed { isWell = false }
        }
        if !isWell { throw ExitCode(Failure.Code.unavailable) }
    }
}

/// What one look at one part has shown.
struct Check: Sendable {
    enum Verdict: String, Sendable { case ok, warning, failed }

    let part: String
    let verdict: Verdict
    let finding: String
    /// What to do; empty where nothing is to be done.
    var remedy = ""

    var words: String {
        let mark =
            switch verdict {
            case .ok: "ok    "
            case .warning: "WARN  "
            case .failed: "FAILED"
            }
        let name = part + String(repeating: " ", count: max(0, 9 - part.count))
        return "\(mark)  \(name) \(finding)" + (remedy.isEmpty ? "" : "\n                  \(remedy)")
    }

    var object: JSON {
        .object([
            ("check", .string(part)), ("verdict", .string(verdict.rawValue)), ("finding", .string(finding)),
            ("remedy", .string(remedy)),
        ])
    }

    static func failed(_ part: String, _ error: any Error) -> Check {
        let failure = Failure(error)
        return Check(part: part, verdict: .failed, finding: failure.message, remedy: failure.hint)
    }
}

/// Looks at one part after the other; what rests on a part that failed is not looked at.
private struct Examination {
    func checks() async -> [Check] {
        var checks = [settings()]
        do {
            let bus = try await BusConnection.open(.session())
            checks.append(Check(part: "bus", verdict: .ok, finding: "the session bus answers"))
            checks.append(await unit(bus))
            checks += await daemon(bus)
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
                part: "settings", verdict: .failed, finding: "\(error.place): \(error.detail)",
                remedy: error.remedy + "; see: refinectl config check")
        }
    }

    /// The user manager of systemd has its interface on the same bus.
    private func unit(_ bus: BusConnection) async -> Check {
        let call = BusCall(
            to: "org.freedesktop.systemd1", path: "/org/freedesktop/systemd1",
            interface: "org.freedesktop.systemd1.Manager", member: "GetUnitFileState", [.string("refined.service")],
            autoStart: false)
        do {
            let state: String = try await bus.call(call).first?.content() ?? "unknown"
            let isMasked = state.hasPrefix("masked")
            return Check(
                part: "unit", verdict: isMasked ? .failed : .ok, finding: "refined.service is \(state)",
                remedy: isMasked ? "run: systemctl --user unmask refined.service" : "")
        } catch {
            return Check(
                part: "unit", verdict: .warning, finding: "no systemd user manager that knows refined.service",
                remedy: "without it refined has its own guards only; install with make install, or start it by hand")
        }
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
        checks += [model(properties), fill]
        return checks
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

    /// A gradient with a square hole: no file of the user is touched.
    private func fill(_ manager: ManagerProxy) async -> Check {
        let side = 128
        var pixels: [UInt8] = []
        for y in 0..<side { for x in 0..<side { pixels += [UInt8(x * 2), UInt8(y * 2), 128] } }
        do {
            let start = ContinuousClock.now
            var options = InpaintOptions()
            options.box = [InpaintOptions.Box(x: 48, y: 48, width: 32, height: 32)]
            options.seed = 1
            let job = try await manager.inpaint(
                pixels: try Self.memory(pixels),
                try RasterLayout(width: UInt32(side), height: UInt32(side), stride: UInt32(3 * side), format: .rgb8),
                mask: try Self.memory([]),
                try RasterLayout(width: UInt32(side), height: UInt32(side), stride: UInt32(side), format: .gray8),
                options)
            for await event in job.events() { if case .completed = event { break } }
            _ = try await job.result()
            let milliseconds = Int((ContinuousClock.now - start) / .milliseconds(1))
            return Check(
                part: "fill", verdict: .ok, finding: "a hole of 32x32 in 128x128 pixels took \(milliseconds) ms")
        } catch {
            return .failed("fill", error)
        }
    }

    private static func memory(_ bytes: [UInt8]) throws -> BusFileDescriptor {
        let file = try BusFileDescriptor.memory(named: "refinectl-doctor")
        guard write(file.rawValue, bytes, bytes.count) == bytes.count else {
            throw Failure(Failure.Code.osError, "cannot write to a file in memory", hint: "free some memory")
        }
        return file
    }
}
