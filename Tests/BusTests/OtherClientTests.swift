import Foundation
import RefineBus
import RefineDaemon
import TestSupport
import Testing

/// The daemon seen by programs that know nothing of this package.
@Suite struct OtherClientTests {
    private static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../..").standardized

    private func program(_ path: String, _ daemon: TestDaemon) -> Program {
        Program(
            executable: URL(fileURLWithPath: path),
            environment: Program.product("refinectl", bus: daemon.bus).environment)
    }

    private func python(_ daemon: TestDaemon, _ file: String, _ arguments: String...) async throws -> Program.Outcome {
        try await program("/usr/bin/python3", daemon).run(
            [Self.package.appendingPathComponent(file).path] + arguments)
    }

    @Test(arguments: ["dbus_python_client.py", "dbus_fast_client.py"])
    func everythingCanBeCalled(_ script: String) async throws {
        try await TestDaemon.with { daemon in
            let end = try await python(daemon, "Tests/Peers/\(script)")
            #expect(end.code == 0 && end.output == "filled\n", "\(end.errors)")
        }
    }

    /// Sources/desktop/refine_client.py, which the window and the Krita plug-in share.
    @Test func theDesktopsClientFillsFilesAndPixels() async throws {
        try await TestDaemon.with(hasTextEncoder: true) { daemon in
            let end = try await python(daemon, "Tests/Peers/desktop_client.py")
            #expect(end.code == 0 && end.output == "filled\n", "\(end.errors)")
        }
    }

    @Test func documentedClientFillsAPhotoInThirtyLines() async throws {
        let text = try String(contentsOf: Self.package.appendingPathComponent("docs/client.py"), encoding: .utf8)
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count - 1 <= 30)
        try await TestDaemon.with { daemon in
            let folder = daemon.bus.folder
            let paths = ["photo.ppm", "mask.pgm", "out.ppm"].map { folder.appendingPathComponent($0).path }
            try Data(PortableMap.photo(8, 4)).write(to: URL(fileURLWithPath: paths[0]))
            try Data(PortableMap.mask(8, 4, marked: 6)).write(to: URL(fileURLWithPath: paths[1]))
            let end = try await python(daemon, "docs/client.py", paths[0], paths[1], paths[2])
            #expect(end.code == 0, "\(end.errors)")
            let map = try PortableMap([UInt8](Data(contentsOf: URL(fileURLWithPath: paths[2]))), "out")
            #expect(map.samples.indices.filter { map.samples[$0] == 128 } == Array(0..<18))
            // And where the job fails, its error comes out.
            let broken = try await python(daemon, "docs/client.py", paths[0], paths[0], paths[2])
            #expect(broken.code != 0 && broken.errors.contains("the mask has another size"), "\(broken.errors)")
        }
    }

    @Test func busctlAndGdbusReadPropertiesAndIntrospection() async throws {
        try await TestDaemon.with { daemon in
            let root = RefineNames.root
            let gdbus = program("/usr/bin/gdbus", daemon), busctl = program("/usr/bin/busctl", daemon)
            let live = try await gdbus.run([
                "introspect", "--session", "--dest", RefineNames.bus, "--object-path", root,
            ])
            #expect(live.code == 0, "\(live.errors)")
            for interface in [RefineInterfaces.manager] {
                for method in interface.methods { #expect(live.output.contains("\(method.name)("), "\(method.name)") }
                for signal in interface.signals { #expect(live.output.contains("\(signal.name)("), "\(signal.name)") }
            }
            let version = try await gdbus.run([
                "call", "--session", "--dest", RefineNames.bus, "--object-path", root, "--method",
                "\(StandardNames.properties).Get", RefineNames.manager, "Version",
            ])
            #expect(version.output == "(<'\(Daemon.version)'>,)\n", "\(version.errors)")
            let tree = try await busctl.run([
                "--user", "--address=\(daemon.bus.address)", "introspect", RefineNames.bus, root, RefineNames.manager,
            ])
            #expect(tree.code == 0, "\(tree.errors)")
            for property in RefineInterfaces.manager.properties { #expect(tree.output.contains(".\(property.name) ")) }
            let queue = try await busctl.run([
                "--user", "--address=\(daemon.bus.address)", "get-property", RefineNames.bus, root,
                RefineNames.manager, "QueueLength",
            ])
            #expect(queue.output == "u 0\n", "\(queue.errors)")
        }
    }

    @Test func oneShotCallerHasItsJobCancelled() async throws {
        let gate = StepGate()
        try await TestDaemon.with(gate: gate) { daemon in
            let end = try await program("/usr/bin/python3", daemon).run([
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
