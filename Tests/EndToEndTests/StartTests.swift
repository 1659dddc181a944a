import Foundation
import TestSupport
import Testing

/// How refined starts, and how it refuses to: without systemd, without a bus, with settings or a name that it cannot have.
@Suite(.serialized) struct StartTests {
    /// What `dbus-daemon` does where there is no systemd: it starts the program that the service file names.
    @Test func aBusWithoutSystemdStartsTheDaemonWithTheFirstCall() async throws {
        let services = FileManager.default.temporaryDirectory.appendingPathComponent(
            "refine-start-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: services, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: services) }
        let model = services.appendingPathComponent("model").path
        try TinyModel.write(to: model)
        let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
            .standardized
        let template = try String(
            contentsOf: top.appendingPathComponent("systemd/org.refinecontrol.Refine1.service"), encoding: .utf8)
        let refined = Program.product("refined", bus: nil).executable
        // As scripts/install fills it, with a model and a library of the test's own.
        let command = "/usr/bin/env XDG_DATA_HOME=\(services.path)/data \(refined.path) --model \(model)"
        try template.replacing("@bindir@/refined", with: command).replacing(/#.*\n/, with: "")
            .write(
                to: services.appendingPathComponent("org.refinecontrol.Refine1.service"), atomically: true,
                encoding: .utf8)
        try await PrivateBus.with(extraConfiguration: "<servicedir>\(services.path)</servicedir>") { bus in
            let refinectl = Program.product("refinectl", bus: bus)
            #expect(try await refinectl.run(["status"]).code == 69, "looking must not start it")
            let photo = top.appendingPathComponent("Tests/Demo/photo.png").path
            let out = services.appendingPathComponent("out.png").path
            let end = try await refinectl.run(["inpaint", photo, "--box", "20,20,30,30", "-o", out])
            #expect(end.code == 0, "\(end.errors)")
            #expect(FileManager.default.fileExists(atPath: out))
            #expect(try await refinectl.run(["status"]).code == 0)
        }
    }

    @Test func anotherProcessWithTheNameIsToldAndKeepsIt() async throws {
        try await PrivateBus.with { bus in
            let other = try await bus.connect()
            try await other.own("org.refinecontrol.Refine1")
            let end = try await Program.product("refined", bus: bus).run(["--model", "/nonexistent"])
            #expect(end.code == 69 && end.errors.contains("org.refinecontrol.Refine1"), "\(end.errors)")
            #expect(try await other.owner(of: "org.refinecontrol.Refine1") == other.uniqueName)
            await other.close()
        }
    }

    @Test func withoutABusTheNextStepIsTold() async throws {
        let end = try await Program.product("refined", bus: nil).run([])
        #expect(end.code == 69 && end.errors.contains("dbus-run-session"), "\(end.errors)")
        var gone = Program.product("refined", bus: nil)
        gone.environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent/bus"
        #expect(try await gone.run([]).code == 69)
    }

    @Test(arguments: ["[jobs]\nqueue-length = ", "[jo", "\u{0}"])
    func halfWrittenSettingsKeepItFromStarting(_ text: String) async throws {
        try await PrivateBus.with { bus in
            var refined = Program.product("refined", bus: bus)
            let folder = bus.folder.appendingPathComponent("config/refine-control")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            refined.environment["XDG_CONFIG_HOME"] = bus.folder.appendingPathComponent("config").path
            try text.write(to: folder.appendingPathComponent("refined.toml"), atomically: true, encoding: .utf8)
            let end = try await refined.run([])
            #expect(end.code == 78 && end.errors.contains("refined.toml"), "\(end.errors)")
            #expect(end.errors.contains("refinectl config check"))
            // The log names no folders.
            #expect(!end.errors.contains(folder.path))
        }
    }
}
