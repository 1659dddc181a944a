import Foundation
import Personalization

/// The temperature of the processors, from the kernel's thermal zones and sensors.
package struct TemperatureSource: SurroundingsSource {
    package let conditions: Set<Condition> = [.temperature]
    private let folder: String

    /// - Parameter folder: where sysfs is.
    package init(folder: String = "/sys") {
        self.folder = folder
    }

    /// Drivers of processors in `/sys/class/hwmon`; others measure drives, boards and radios.
    private static let drivers: Set = ["coretemp", "k10temp", "zenpower", "cpu_thermal", "soc_thermal"]

    package func read(into now: inout Surroundings) async {
        let temperatures = (zones() + sensors()).compactMap { SmallFile.text($0) }
            .compactMap { Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) }.map { $0 / 1000 }
            // Sensors that are asleep or not connected answer nonsense.
            .filter { (1...150).contains($0) }
        now.temperature = temperatures.max().map { .known($0) } ?? .absent
    }

    private func zones() -> [String] {
        entries("/class/thermal").filter { $0.contains("/thermal_zone") }
            // Radios have zones too.
            .filter { !(SmallFile.text($0 + "/type") ?? "").hasPrefix("iwlwifi") }.map { $0 + "/temp" }
    }

    private func sensors() -> [String] {
        entries("/class/hwmon").filter {
            Self.drivers.contains(
                (SmallFile.text($0 + "/name") ?? "").trimmingCharacters(in: .whitespacesAndNewlines))
        }.flatMap { device in (1...16).map { "\(device)/temp\($0)_input" } }
    }

    private func entries(_ path: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder + path)) ?? []
        return names.sorted().map { "\(folder)\(path)/\($0)" }
    }
}

/// Room on the disk where checkpoints go.
package struct DiskSource: SurroundingsSource {
    package let conditions: Set<Condition> = [.disk]
    private let folder: String

    /// - Parameter folder: the data folder; its parent counts where it is not there yet.
    package init(folder: String) {
        self.folder = folder
    }

    package func read(into now: inout Surroundings) async {
        var status = statvfs()
        let parent = (folder as NSString).deletingLastPathComponent
        guard statvfs(folder, &status) == 0 || statvfs(parent, &status) == 0 else {
            now.freeDisk = .unknown
            return
        }
        now.freeDisk = .known(Int64(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize)))
    }
}

/// Whether the guards hold that keep photos on the machine. They are tried, which starts a worker, so that is asked
/// last, and not again soon.
package actor GuardSource: SurroundingsSource {
    package nonisolated let conditions: Set<Condition> = [.privacy]
    private let check: @Sendable () async -> Bool
    private let time: TimeSource
    private var last: (holds: Bool, at: UInt64)?

    /// Microseconds after which they are tried anew.
    private static let validity: UInt64 = 600_000_000

    package init(time: TimeSource, _ check: @escaping @Sendable () async -> Bool) {
        self.time = time
        self.check = check
    }

    package func read(into now: inout Surroundings) async {
        if let last, time.boot() < last.at + Self.validity {
            now.guardsHold = .known(last.holds)
            return
        }
        let holds = await check()
        last = (holds, time.boot())
        now.guardsHold = .known(holds)
    }
}
