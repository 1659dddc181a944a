import BusTransport
import FoundationEssentials
import Glibc

/// Gives the tuner a transient unit of its own in the user's systemd: a control group with the lowest weights and a
/// memory limit, apart from the daemon's.
///
/// It is a scope, which systemd makes around a process that somebody else has started, so the tuner stays the daemon's
/// child with its socket and its end. Where there is no systemd on the bus it is a plain child.
enum TunerScope {
    /// Bytes above which the kernel slows the tuner down and takes its caches first.
    static let memoryHigh: UInt64 = 3 << 30

    /// - Returns: the unit's name; nil where there is no systemd, or it did not want to.
    static func make(around process: pid_t, on bus: BusConnection) async -> String? {
        let unit = "refine-tuner-\(process).scope"
        let properties: [(String, BusValue)] = [
            ("Description", .string("Refine-Control learns in the background")),
            ("PIDs", .array(of: .uint32, [.uint32(UInt32(process))])),
            ("CPUWeight", .uint64(1)),
            ("IOWeight", .uint64(1)),
            ("MemoryHigh", .uint64(memoryHigh)),
            ("CollectMode", .string("inactive-or-failed")),
        ]
        do {
            _ = try await bus.call(
                BusCall(
                    to: "org.freedesktop.systemd1", path: "/org/freedesktop/systemd1",
                    interface: "org.freedesktop.systemd1.Manager", member: "StartTransientUnit",
                    [
                        .string(unit), .string("fail"),
                        .array(
                            of: .structure([.string, .variant]),
                            properties.map { .structure([.string($0.0), .variant($0.1)]) }),
                        .array(of: .structure([.string, .array(.structure([.string, .variant]))]), []),
                    ], autoStart: false), timeout: .seconds(5))
            return unit
        } catch {
            return nil
        }
    }
}

extension TunerScope {
    /// Seconds in which some thread of the process's own control group waited for memory; 0 where it shares one.
    static func memoryStallSeconds(of process: pid_t) -> Double {
        // "0::/user.slice/.../refine-tuner-1.scope"
        guard let line = text("/proc/\(process)/cgroup").split(separator: "\n").first(where: { $0.hasPrefix("0::") }),
            line.hasSuffix("refine-tuner-\(process).scope")
        else { return 0 }
        // "some avg10=0.00 avg60=0.00 avg300=0.00 total=12345", in microseconds.
        let pressure = text("/sys/fs/cgroup\(line.dropFirst(3))/memory.pressure")
        guard let some = pressure.split(separator: "\n").first(where: { $0.hasPrefix("some") }),
            let total = some.split(separator: "=").last.flatMap({ Double($0) })
        else { return 0 }
        return total / 1e6
    }

    private static func text(_ path: String) -> String {
        (try? String(contentsOf: URL(filePath: path), encoding: .utf8)) ?? ""
    }
}
