import Foundation
import TestSupport
import Testing

/// `refinectl inpaint --show` in terminals that a script plays, and in a real tmux.
@Suite(.serialized) struct ShowTests {
    private func with(_ body: (PrivateBus) async throws -> Void) async throws {
        try await RunningDaemon.with(model: TinyModel.write) { try await body($0.bus) }
    }

    @Test(arguments: ["kitty", "sixel", "truecolor", "256", "tmux"])
    func whatATerminalIsSentIsThePhotoBeforeAndAfter(_ kind: String) async throws {
        try await with { bus in
            let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
                "../Peers/terminal_pictures.py"
            ).standardized.path
            let refinectl = Program.product("refinectl", bus: bus)
            let python = Program(
                executable: URL(fileURLWithPath: "/usr/bin/python3"), environment: refinectl.environment)
            let end = try await python.run([script, refinectl.executable.path, kind])
            #expect(end.code == 0 && end.output == "drawn\n", "\(end.output)\(end.errors)")
        }
    }

    @Test func nothingIsShownWhereStandardOutputIsNoTerminal() async throws {
        try await with { bus in
            let photo = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
                "../Demo/photo.png"
            ).standardized.path
            let out = bus.folder.appendingPathComponent("out.png").path
            let end = try await Program.product("refinectl", bus: bus).run([
                "inpaint", photo, "--box", "20,20,30,30", "-o", out, "--show-as", "kitty",
            ])
            #expect(end.code == 0 && end.output.isEmpty && end.errors.isEmpty, "\(end.output)\(end.errors)")
            #expect(FileManager.default.fileExists(atPath: out))
        }
    }

    @Test func picturesAndJSONDoNotMix() async throws {
        let end = try await Program.product("refinectl", bus: nil).run([
            "inpaint", "photo.png", "--box", "1,1,2,2", "--show", "--json",
        ])
        #expect(end.code == 64 && end.errors.contains("Give one of them"), "\(end.errors)")
    }
}
