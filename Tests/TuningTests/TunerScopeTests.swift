import BusTransport
import Foundation
import Personalization
import RefineDaemon
import Synchronization
import TestSupport
import Testing

@Suite("Tuner scope", .serialized) struct TunerScopeTests {
    /// Stands in for the user's systemd: keeps what it is asked for.
    private final class Systemd: Sendable {
        let calls = Mutex<[[BusValue]]>([])

        func serve(on bus: PrivateBus) async throws -> BusConnection {
            let connection = try await bus.connect()
            try await connection.serve(below: "/org/freedesktop/systemd1") { call in
                guard call.message.member == "StartTransientUnit" else { return call.reply() }
                self.calls.withLock { $0.append(call.message.body) }
                call.reply([.objectPath(BusObjectPath("/org/freedesktop/systemd1/job/1"))])
            }
            try await connection.own("org.freedesktop.systemd1")
            return connection
        }
    }

    @Test("where there is systemd, the tuner gets a scope of its own with the lowest weights and a memory limit")
    func scope() async throws {
        try await PrivateBus.with { bus in
            let systemd = Systemd()
            let connection = try await systemd.serve(on: bus)
            let place = try TuningPlace(size: .small(steps: 100_000))
            await place.tuner.attach(try await bus.connect())
            await place.tuner.start()
            let body = try #require(systemd.calls.withLock { $0.first })
            #expect(body.map(\.type.signature).joined() == "ssa(sv)a(sa(sv))")
            guard case .array(_, let properties) = body[2] else { return }
            let values = Dictionary(
                properties.compactMap { property -> (String, BusValue)? in
                    guard case .structure(let fields) = property, case .string(let name)? = fields.first,
                        case .variant(let value)? = fields.last
                    else { return nil }
                    return (name, value)
                }, uniquingKeysWith: { first, _ in first })
            guard case .array(_, let members)? = values["PIDs"], case .uint32(let process)? = members.first else {
                Issue.record("a scope without a process: \(values)")
                return
            }
            // Other tests run tuners of their own beside this one.
            #expect(members.count == 1 && (PersonalTunerTests.tuners() + Self.stages()).contains(pid_t(process)))
            #expect(body.first == .string("refine-tuner-\(process).scope"))
            #expect(values["CPUWeight"] == .uint64(1))
            #expect(values["IOWeight"] == .uint64(1))
            #expect(values["MemoryHigh"] != nil)
            await place.tuner.end()
            await connection.close()
        }
    }

    @Test("without systemd it is a plain child, and works")
    func plainChild() async throws {
        try await PrivateBus.with { bus in
            let place = try TuningPlace(size: .small(steps: 2))
            await place.tuner.attach(try await bus.connect())
            await place.tuner.start()
            #expect(try await place.outcome() == .tuned(hasWeights: true))
        }
    }

    /// Tuners that have not become refine-tuner yet.
    private static func stages() -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { process in
            let stat = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
            let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
            guard stat.contains("(refine-worker)"), fields.count > 1, fields[1] == "\(getpid())" else { return false }
            let arguments = (try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8)) ?? ""
            return arguments.contains("\u{0}tune\u{0}")
        }
    }
}
