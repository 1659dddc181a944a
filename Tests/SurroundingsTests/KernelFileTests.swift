import Foundation
import Personalization
import RefineDaemon
import Testing

/// What is read from the kernel's own files, against folders that look like its.
@Suite struct KernelFileTests {
    /// A folder that goes with this object.
    private final class Folder {
        let path: String

        init() throws {
            path = FileManager.default.temporaryDirectory.appendingPathComponent("refine-sys-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ files: [String: String]) throws {
            for (name, text) in files {
                let file = URL(fileURLWithPath: path).appendingPathComponent(name)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data((text + "\n").utf8).write(to: file)
            }
        }
    }

    private func supplies(_ files: [String: String]) throws -> Reading<PowerSupply> {
        let folder = try Folder()
        try folder.write(files)
        return KernelPowerSupplies(folder: folder.path).reading
    }

    private let battery = ["BAT0/type": "Battery", "BAT0/capacity": "62", "BAT0/status": "Charging"]

    @Test func aMachineWithoutBatteryIsOnMains() throws {
        #expect(KernelPowerSupplies(folder: "/nonexistent").reading == .absent)
        #expect(try supplies(["AC/type": "Mains", "AC/online": "1"]) == .absent)
        // A mouse's battery supplies no machine.
        #expect(try supplies(["mouse/type": "Battery", "mouse/scope": "Device", "mouse/capacity": "5"]) == .absent)
    }

    @Test func aBatteryTellsItsChargeAndWhetherItIsUsed() throws {
        let plugged = battery.merging(["AC/type": "Mains", "AC/online": "1"]) { $1 }
        #expect(try supplies(plugged) == .known(PowerSupply(onBattery: false, percentage: 62)))
        let unplugged = battery.merging([
            "AC/type": "Mains", "AC/online": "0", "BAT0/status": "Discharging", "BAT1/type": "Battery",
            "BAT1/capacity": "100",
        ]) { $1 }
        #expect(try supplies(unplugged) == .known(PowerSupply(onBattery: true, percentage: 81)))
    }

    @Test func aBatteryThatDoesNotAnswerIsUnknown() throws {
        #expect(try supplies(["BAT0/type": "Battery"]) == .unknown)
        #expect(try supplies(["BAT0/type": "Battery", "BAT0/capacity": "9999"]) == .unknown)
    }

    @Test func theHottestProcessorCounts() async throws {
        let folder = try Folder()
        var now = Surroundings()
        await TemperatureSource(folder: folder.path).read(into: &now)
        #expect(now.temperature == .absent)
        try folder.write([
            "class/thermal/thermal_zone0/type": "x86_pkg_temp", "class/thermal/thermal_zone0/temp": "51000",
            "class/thermal/thermal_zone1/type": "iwlwifi_1", "class/thermal/thermal_zone1/temp": "90000",
            "class/hwmon/hwmon0/name": "coretemp", "class/hwmon/hwmon0/temp2_input": "64500",
            "class/hwmon/hwmon1/name": "nvme", "class/hwmon/hwmon1/temp1_input": "80000",
            "class/thermal/thermal_zone2/type": "acpitz", "class/thermal/thermal_zone2/temp": "-274000",
        ])
        await TemperatureSource(folder: folder.path).read(into: &now)
        #expect(now.temperature == .known(64.5))
    }

    @Test func theDiskIsThatOfTheDataFolderOrOfItsParent() async throws {
        let folder = try Folder()
        var now = Surroundings()
        await DiskSource(folder: folder.path + "/not-yet").read(into: &now)
        guard case .known(let bytes) = now.freeDisk else { throw CocoaError(.fileReadUnknown) }
        #expect(bytes > 0)
        await DiskSource(folder: "/nonexistent/deeper/still").read(into: &now)
        #expect(now.freeDisk == .unknown)
    }

    /// `busy` and `idle` in hundredths of a second, `stalled` in microseconds.
    private func counters(_ folder: Folder, busy: Int, idle: Int, stalled: Int?) throws {
        try folder.write(["stat": "cpu  \(busy) 0 0 \(idle) 0 0 0 0 0 0\ncpu0 1 2 3"])
        if let stalled {
            try folder.write([
                "pressure/memory": "some avg10=0.00 avg60=0.00 avg300=0.00 total=\(stalled)\nfull total=0"
            ])
        }
    }

    @Test func whatTheTunerItselfUsesIsTakenOff() async throws {
        let folder = try Folder(), clock = TuningClock(wall: 1000), usage = Used()
        let source = LoadSource(time: clock.source, usage: { await usage.value }, folder: folder.path)
        var now = Surroundings()
        try counters(folder, busy: 1000, idle: 1000, stalled: 0)
        // The first look has nothing to compare with: it waits half a second.
        let first = Task {
            var now = Surroundings()
            await source.read(into: &now)
            return now
        }
        try await eventually(clock, 0.5)
        try counters(folder, busy: 1010, idle: 1090, stalled: 50_000)
        clock.advance(by: 0.5)
        #expect(Self.percent(await first.value.load) == 10)
        #expect(Self.percent(await first.value.memoryPressure) == 10)

        // Four of five seconds of two processors, all but half a second of it the tuner's.
        await usage.set(TunerUsage(processorSeconds: 3.5, memoryStallSeconds: 1))
        try counters(folder, busy: 1410, idle: 1690, stalled: 1_550_000)
        clock.advance(by: 5)
        await source.read(into: &now)
        #expect(Self.percent(now.load) == 5)
        #expect(Self.percent(now.memoryPressure) == 10)

        // A tuner that was started anew has used less than the one before.
        await usage.set(TunerUsage(processorSeconds: 1))
        try counters(folder, busy: 1610, idle: 2490, stalled: 1_550_000)
        clock.advance(by: 5)
        await source.read(into: &now)
        #expect(Self.percent(now.load) == 10)
    }

    @Test func aKernelWithoutTheFiguresIsToldFromOneThatIsNotUnderstood() async throws {
        let folder = try Folder(), clock = TuningClock(wall: 1000)
        let source = LoadSource(time: clock.source, usage: { TunerUsage() }, folder: folder.path)
        let reading = Task {
            var now = Surroundings()
            await source.read(into: &now)
            return now
        }
        try await eventually(clock, 0.5)
        clock.advance(by: 0.5)
        #expect(await reading.value.load == .unknown)

        try counters(folder, busy: 10, idle: 10, stalled: nil)
        let second = Task {
            var now = Surroundings()
            await source.read(into: &now)
            return now
        }
        try await eventually(clock, 0.5)
        try counters(folder, busy: 20, idle: 20, stalled: nil)
        clock.advance(by: 0.5)
        #expect(Self.percent(await second.value.load) == 50)
        #expect(await second.value.memoryPressure == .absent)
    }

    private static func percent(_ share: Reading<Double>) -> Int? {
        if case .known(let share) = share { Int((share * 100).rounded()) } else { nil }
    }

    private actor Used {
        var value = TunerUsage()
        func set(_ value: TunerUsage) { self.value = value }
    }
}
