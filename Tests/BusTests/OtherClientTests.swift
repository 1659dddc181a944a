import Foundation
import RefineBus
import RefineDaemon
import TestSupport
import Testing

/// The daemon seen by programs that know nothing of this package.
@Suite struct OtherClientTests {
    @Test func pythonFillsAPhoto() async throws {
        try await TestDaemon.with { daemon in
            let python = Program(
                executable: URL(fileURLWithPath: "/usr/bin/python3"),
                environment: Program.product("refinectl", bus: daemon.bus).environment)
            let end = try await python.run(["-c", inpaintClient])
            #expect(end.code == 0 && end.output == "filled\n", "\(end.errors)")
        }
    }

    @Test func oneShotCallerHasItsJobCancelled() async throws {
        let gate = StepGate()
        try await TestDaemon.with(gate: gate) { daemon in
            let environment = Program.product("refinectl", bus: daemon.bus).environment
            let python = Program(executable: URL(fileURLWithPath: "/usr/bin/python3"), environment: environment)
            let end = try await python.run([
                "-c",
                """
                import dbus, os
                def memfd(data):
                    fd = os.memfd_create("x"); os.write(fd, data); return dbus.types.UnixFd(fd)
                manager = dbus.Interface(dbus.SessionBus().get_object(
                    "org.refinecontrol.Refine1", "/org/refinecontrol/Refine1"), "org.refinecontrol.Refine1.Manager")
                manager.Inpaint(memfd(b"P6\\n8 4\\n255\\n" + bytes(96)), memfd(b"P5\\n8 4\\n255\\n" + bytes([255] * 32)), {})
                """,
            ])
            #expect(end.code == 0, "\(end.errors)")
            gate.open()
            try await eventually("an empty queue") { try await daemon.get("QueueLength") == .uint32(0) }
        }
    }
}
