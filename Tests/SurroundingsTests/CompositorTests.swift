import CompositorStub
import Foundation
import Personalization
import RefineDaemon
import TestSupport
import Testing

/// Whether the user is there, as Wayland compositors tell it.
@Suite struct CompositorTests {
    /// The runtime folder of a session of its own, on a bus without screen savers.
    private struct Session {
        let folder: String
        let clock = TuningClock(wall: 1)
        var socket: String { folder + "/wayland-7" }

        static func with(
            threshold: Double = 300, time: TimeSource? = nil, _ body: (Session, SourceRunner) async throws -> Void
        )
            async throws
        {
            try await PrivateBus.with { bus in
                // In the bus' folder, which has a short name and goes with it.
                let session = Session(folder: bus.folder.path)
                let source = IdleSource(
                    .init(
                        session: try await bus.connect(), system: nil, runtimeFolder: session.folder,
                        display: nil), threshold: threshold, time: time ?? session.clock.source)
                try await SourceRunner.with(source) { try await body(session, $0) }
            }
        }

        func compositor(_ protocols: Int, seats: Int = 1) throws -> Stub {
            guard let stub = compositor_stub_start(socket, Int32(protocols), Int32(seats)) else {
                throw CocoaError(.fileWriteUnknown)
            }
            return Stub(pointer: stub)
        }
    }

    /// Waits for what comes when a compositor was found. It may have refused at first, as it did not listen yet; then the
    /// time comes to try it again.
    private func found(_ what: String, in session: Session, _ isFound: () async throws -> Bool) async throws {
        try await eventually(what) {
            if session.clock.sleepers.contains(where: { abs($0 - 0.2) < 0.001 }) { session.clock.advance(by: 0.2) }
            return try await isFound()
        }
    }

    /// `@unchecked Sendable`: the stub takes its commands through a pipe.
    private struct Stub: @unchecked Sendable {
        let pointer: OpaquePointer

        func setAway(_ isAway: Bool, seat: Int = 0) { compositor_stub_set_away(pointer, Int32(seat), isAway ? 1 : 0) }
        func remove(seat: Int) { compositor_stub_remove_seat(pointer, Int32(seat)) }
        var asked: Int { Int(compositor_stub_asked(pointer)) }
        func stop() { compositor_stub_stop(pointer) }
    }

    private func there(_ now: Surroundings) -> Bool {
        now.idle == .known(UserIdleness(seconds: 0, isExact: false, source: "wayland"))
    }

    @Test(arguments: [COMPOSITOR_STUB_EXT, COMPOSITOR_STUB_KDE])
    func goingAndComingAreToldByEitherProtocol(_ kind: Int) async throws {
        try await Session.with { session, runner in
            // Started after the daemon: its socket is noticed.
            try await runner.wait("the choice without compositor") { $0.idle == .unknown }
            let compositor = try session.compositor(kind)
            defer { compositor.stop() }
            try await found("the compositor that has come", in: session) { there(await runner.now()) }
            // Once: neither the file that locks the socket nor one more socket is a reason to ask again.
            try await eventually("the question") { compositor.asked > 0 }
            #expect(compositor.asked == 1)
            compositor.setAway(true)
            try await runner.wait("away") { $0.idle == .known(UserIdleness(seconds: 300, source: "wayland")) }
            session.clock.advance(by: 60)
            #expect(await runner.now().idle == .known(UserIdleness(seconds: 360, source: "wayland")))
            let before = runner.told
            compositor.setAway(false)
            try await runner.wait("back", after: before, there)
        }
    }

    @Test func aCompositorThatDoesNotListenYetIsTriedAgain() async throws {
        try await Session.with { session, runner in
            try await runner.wait("the choice without compositor") { $0.idle == .unknown }
            let socket = compositor_stub_bind(session.socket)
            // One that was left behind would be given up after five times.
            for _ in 0..<4 {
                try await eventually(session.clock, 0.2)
                session.clock.advance(by: 0.2)
            }
            try await eventually(session.clock, 0.2)
            let stub = try #require(compositor_stub_listen(socket, Int32(COMPOSITOR_STUB_EXT), 1))
            let compositor = Stub(pointer: stub)
            defer { compositor.stop() }
            session.clock.advance(by: 0.2)
            try await runner.wait("the compositor", there)
        }
    }

    @Test func aUserIsAwayWhenAllSeatsAre() async throws {
        try await Session.with { session, runner in
            let compositor = try session.compositor(COMPOSITOR_STUB_EXT, seats: 2)
            defer { compositor.stop() }
            try await found("the questions", in: session) { compositor.asked == 2 }
            let before = runner.told
            compositor.setAway(true, seat: 0)
            compositor.setAway(true, seat: 1)
            try await runner.wait("both away", after: before) { !there($0) && $0.idle != .unknown }
            compositor.setAway(false, seat: 1)
            try await runner.wait("one back", there)
            // With its seat the one who is back goes too.
            compositor.remove(seat: 1)
            try await runner.wait("the other one still away") { !there($0) }
        }
    }

    @Test func aCompositorThatGoesOrCannotTellLeavesItUnknown() async throws {
        try await Session.with { session, runner in
            let first = try session.compositor(COMPOSITOR_STUB_EXT)
            try await found("the compositor", in: session) { there(await runner.now()) }
            first.stop()
            try await eventually(session.clock, 5)
            session.clock.advance(by: 5)
            try await runner.wait("its end") { $0.idle == .unknown }
            let second = try session.compositor(0)
            defer { second.stop() }
            try await runner.wait("one that cannot tell") { $0.idle == .unknown }
        }
    }

    /// Debian 12's sway has the older protocol only; the newer one is in its KWin.
    @Test(.enabled(if: Sway.isThere, "sway, wtype and setpriv are not installed"))
    func aRealCompositorTells() async throws {
        let sway = try await Sway.start()
        defer { sway.stop() }
        try await PrivateBus.with { bus in
            let source = IdleSource(
                .init(session: try await bus.connect(), system: nil, runtimeFolder: sway.folder, display: nil),
                threshold: 1, time: .system)
            try await SourceRunner.with(source) { runner in
                try await runner.wait("away after a second") {
                    if case .known(let found) = $0.idle {
                        found.source == "wayland" && found.seconds >= 1
                    } else {
                        false
                    }
                }
                // Typed until it is seen: a second later the user counts as away again.
                try await eventually("back after a key") {
                    try await sway.type("a")
                    return there(await runner.now())
                }
                try await runner.wait("away again") { !there($0) }
            }
        }
    }
}

/// A headless sway with a runtime folder of its own.
private struct Sway {
    let folder: String
    private let program: RunningProgram

    static var isThere: Bool {
        ["/usr/bin/sway", "/usr/bin/wtype", "/usr/bin/setpriv"].allSatisfy(FileManager.default.isExecutableFile)
    }

    static func start() async throws -> Sway {
        let folder = NSTemporaryDirectory() + "refine-sway-\(getpid())"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let environment = [
            "XDG_RUNTIME_DIR": folder, "WLR_BACKENDS": "headless", "WLR_LIBINPUT_NO_DEVICES": "1",
            "WLR_RENDERER": "pixman", "PATH": "/usr/bin:/bin",
        ]
        var command = ["/usr/bin/sway", "--config", "/dev/null"]
        if getuid() == 0 {
            // It refuses to run as root.
            chown(folder, 65534, 65534)
            command = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] + command
        }
        let program = try RunningProgram(URL(fileURLWithPath: command[0]), Array(command.dropFirst()), environment)
        let sway = Sway(folder: folder, program: program)
        try await eventually("sway's socket") { sway.display != nil }
        return sway
    }

    private var display: String? {
        (try? FileManager.default.contentsOfDirectory(atPath: folder))?.first {
            $0.hasPrefix("wayland-") && !$0.hasSuffix(".lock")
        }
    }

    /// Presses keys of a virtual keyboard.
    func type(_ text: String) async throws {
        let wtype = Program(
            executable: URL(fileURLWithPath: "/usr/bin/wtype"),
            environment: ["XDG_RUNTIME_DIR": folder, "WAYLAND_DISPLAY": display ?? ""])
        #expect(try await wtype.run([text]).code == 0)
    }

    func stop() {
        // Started from a thread of libdispatch, it has inherited a mask that blocks SIGTERM.
        program.send(SIGKILL)
        try? FileManager.default.removeItem(atPath: folder)
    }
}
