import BusTransport
import Personalization
import RefineDaemon
import TestSupport
import Testing

/// The sources on the system's bus, against python-dbusmock's templates on a private one.
@Suite struct BusSourceTests {
    @Test func uPowerTellsOfMainsAndBattery() async throws {
        try await PrivateBus.with { bus in
            let source = PowerSource(bus: try await bus.connect(), folder: "/nonexistent")
            try await SourceRunner.with(source) { runner in
                // Nobody there: the kernel's files decide, which know of no battery.
                try await runner.wait("no UPower") { $0.power == .absent }
                try await MockedService.template(
                    "upower", name: "org.freedesktop.UPower", path: "/org/freedesktop/UPower",
                    interface: "org.freedesktop.UPower", on: bus
                ) { mock in
                    try await runner.wait("a desktop") { $0.power == .known(PowerSupply(onBattery: false)) }
                    let device = "/org/freedesktop/UPower/devices/DisplayDevice"
                    try await mock.update(
                        ["Type": .uint32(2), "IsPresent": .bool(true), "Percentage": .double(41)], at: device,
                        interface: "org.freedesktop.UPower.Device")
                    try await runner.wait("a battery") {
                        $0.power == .known(PowerSupply(onBattery: false, percentage: 41))
                    }
                    let before = runner.told
                    try await mock.update(["OnBattery": .bool(true)])
                    try await runner.wait("the plug pulled", after: before) {
                        $0.power == .known(PowerSupply(onBattery: true, percentage: 41))
                    }
                }
                try await runner.wait("UPower gone") { $0.power == .absent }
            }
        }
    }

    @Test func thePowerProfileIsFollowed() async throws {
        try await PrivateBus.with { bus in
            try await SourceRunner.with(PowerProfileSource(bus: try await bus.connect())) { runner in
                try await runner.wait("nobody") { $0.powerProfile == .absent }
                let name = "net.hadess.PowerProfiles"
                try await MockedService.template(
                    "power_profiles_daemon", name: name, path: "/net/hadess/PowerProfiles", interface: name, on: bus
                ) { mock in
                    try await runner.wait("the template's profile") { $0.powerProfile == .known("balanced") }
                    let before = runner.told
                    try await mock.update(["ActiveProfile": .string("power-saver")])
                    try await runner.wait("the change", after: before) { $0.powerProfile == .known("power-saver") }
                }
            }
        }
    }

    private func withLogind(
        _ bus: PrivateBus, _ source: any SurroundingsSource, _ body: (MockedService, SourceRunner) async throws -> Void
    ) async throws {
        try await MockedService.template(
            "logind", name: "org.freedesktop.login1", path: "/org/freedesktop/login1",
            interface: "org.freedesktop.login1.Manager", on: bus
        ) { mock in
            try await SourceRunner.with(source) { runner in try await body(mock, runner) }
        }
    }

    @Test func sleepAndProgramsThatForbidIdlenessInhibit() async throws {
        try await PrivateBus.with { bus in
            try await withLogind(bus, LoginSource(bus: try await bus.connect())) { mock, runner in
                try await runner.wait("the first look") { $0.inhibitors.isEmpty }
                try await mock.emit("PrepareForSleep", "b", [.bool(true)])
                try await runner.wait("sleep") { $0.inhibitors == ["sleep"] }
                try await mock.emit("PrepareForSleep", "b", [.bool(false)])
                try await runner.wait("waking") { $0.inhibitors.isEmpty }
                try await mock.call(
                    "org.freedesktop.DBus.Mock", "AddProperty",
                    [.string(mock.interface), .string("BlockInhibited"), .variant(.string(""))])
                try await mock.update(["BlockInhibited": .string("shutdown:idle")])
                try await runner.wait("a film") { $0.inhibitors == ["logind"] }
                // A signal of another program is not believed.
                let stranger = try await bus.connect()
                try await stranger.emit(
                    path: mock.path, interface: mock.interface, member: "PrepareForSleep", [.bool(true)])
                try await mock.update(["BlockInhibited": .string("")])
                try await runner.wait("the end of the film") { $0.inhibitors.isEmpty }
            }
        }
    }

    private func idle(_ bus: PrivateBus, system: Bool = false, clock: TuningClock) async throws -> IdleSource {
        IdleSource(
            .init(
                session: try await bus.connect(), system: system ? try await bus.connect() : nil, runtimeFolder: nil,
                display: nil), threshold: 300, time: clock.source)
    }

    @Test func logindIsTheLastResort() async throws {
        try await PrivateBus.with { bus in
            let clock = TuningClock(wall: 2_000_000)
            try await withLogind(bus, try await idle(bus, system: true, clock: clock)) { mock, runner in
                try await runner.wait("somebody there") {
                    $0.idle == .known(UserIdleness(seconds: 0, isExact: false, source: "logind"))
                }
                let before = runner.told
                try await mock.update(["IdleHint": .bool(true), "IdleSinceHint": .uint64(1_999_400_000_000)])
                try await runner.wait("nobody there", after: before) {
                    $0.idle == .known(UserIdleness(seconds: 600, source: "logind"))
                }
            }
        }
    }

    @Test func withoutAnySourceItIsUnknownWhetherTheUserIsThere() async throws {
        try await PrivateBus.with { bus in
            try await SourceRunner.with(try await idle(bus, clock: TuningClock(wall: 1))) { runner in
                try await runner.wait("the first choice") { $0.idle == .unknown }
            }
        }
    }

    @Test func aCoveredScreenMeansThatTheUserIsAway() async throws {
        try await PrivateBus.with { bus in
            try await SourceRunner.with(try await idle(bus, clock: TuningClock(wall: 1))) { runner in
                let name = "org.gnome.ScreenSaver"
                try await MockedService.template(
                    "gnome_screensaver", name: name, path: "/org/gnome/ScreenSaver", interface: name, on: bus
                ) { mock in
                    try await runner.wait("the screen saver that has come") {
                        $0.idle == .known(UserIdleness(seconds: 0, isExact: false, source: "screensaver"))
                    }
                    let before = runner.told
                    try await mock.call(name, "SetActive", [.bool(true)])
                    try await runner.wait("the screen covered", after: before) {
                        $0.idle == .known(UserIdleness(seconds: 300, isExact: false, source: "screensaver"))
                    }
                }
                try await runner.wait("the screen saver gone") { $0.idle == .unknown }
            }
        }
    }

    @Test func theUnitOfAScreenSaverIsFoundOut() {
        // KDE's counts milliseconds, others seconds; one that always says 0, and a user who moves, tell nothing.
        #expect(ScreenSaverIdle.unit(12_000, 13_004) == 1000)
        #expect(ScreenSaverIdle.unit(40, 41) == 1)
        #expect(ScreenSaverIdle.unit(0, 0) == nil)
        #expect(ScreenSaverIdle.unit(700_000, 30) == nil)
        #expect(ScreenSaverIdle.unit(0, 1) == nil)
    }

    @Test func mutterTellsByWatches() async throws {
        try await PrivateBus.with { bus in
            let name = "org.gnome.Mutter.IdleMonitor"
            try await MockedService.with(
                [name, "/org/gnome/Mutter/IdleMonitor/Core", name], name: name,
                path: "/org/gnome/Mutter/IdleMonitor/Core", interface: name, on: bus
            ) { mock in
                try await mock.addMethod("GetIdletime", "", "t", "ret = getattr(self, 'idle', 2000)")
                try await mock.addMethod("AddIdleWatch", "t", "u", "ret = 7; self.asked = args[0]")
                try await mock.addMethod("AddUserActiveWatch", "", "u", "ret = 8")
                try await mock.addMethod("RemoveWatch", "u", "", "")
                try await mock.addMethod("Set", "t", "", "self.idle = args[0]")
                try await SourceRunner.with(try await idle(bus, clock: TuningClock(wall: 1))) { runner in
                    try await runner.wait("the first look") {
                        $0.idle == .known(UserIdleness(seconds: 2, source: "mutter"))
                    }
                    try await eventually("the watch") {
                        String(describing: try await mock.call("org.freedesktop.DBus.Mock", "GetCalls"))
                            .contains("AddIdleWatch")
                    }
                    try await mock.call(name, "Set", [.uint64(301_000)])
                    var before = runner.told
                    try await mock.emit("WatchFired", "u", [.uint32(7)])
                    try await runner.wait("away", after: before) {
                        $0.idle == .known(UserIdleness(seconds: 301, source: "mutter"))
                    }
                    try await mock.call(name, "Set", [.uint64(0)])
                    before = runner.told
                    try await mock.emit("WatchFired", "u", [.uint32(8)])
                    try await runner.wait("back", after: before) {
                        $0.idle == .known(UserIdleness(seconds: 0, source: "mutter"))
                    }
                }
            }
        }
    }
}
