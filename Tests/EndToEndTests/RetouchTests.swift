import Foundation
import TestSupport
import Testing

/// `refinectl retouch` as far as it goes without a screen.
@Suite struct RetouchTests {
    /// The program that takes refinectl's place inherits its guards: here one that tries them instead of a window.
    @Test func theWindowRunsUnderTheGuardsOfRefinectl() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "refine-retouch-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["bin", "libexec/refine-control"] {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        let built = Program.product("refinectl", bus: nil)
        let refinectl = folder.appendingPathComponent("bin/refinectl")
        try FileManager.default.copyItem(at: built.executable, to: refinectl)
        let program = folder.appendingPathComponent("libexec/refine-control/refine-retouch")
        try """
        #!/usr/bin/python3
        import socket, sys
        socket.socket(socket.AF_UNIX).close()
        for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK):
            try:
                socket.socket(family, socket.SOCK_DGRAM)
                sys.exit(1)
            except OSError:
                pass
        print(sys.argv[1:])
        """.write(to: program, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
        var environment = built.environment
        // Where the build links shared libraries of the toolchain relative to itself, the copy has to find them too.
        environment["LD_LIBRARY_PATH"] = built.executable.deletingLastPathComponent().path
        let end = try await Program(executable: refinectl, environment: environment)
            .run(["retouch", "a photo.jpg", "--", "-b.jpg"])
        #expect(end.code == 0 && end.output == "['a photo.jpg', '-b.jpg']\n", "\(end.output)\(end.errors)")
    }

    @Test func aProgramThatIsMissingIsToldWithTheRemedy() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "refine-retouch-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let built = Program.product("refinectl", bus: nil)
        let refinectl = folder.appendingPathComponent("refinectl")
        try FileManager.default.copyItem(at: built.executable, to: refinectl)
        let end = try await Program(executable: refinectl, environment: built.environment).run(["retouch", "photo.jpg"])
        #expect(end.code == 69 && end.errors.contains("make install"), "\(end.errors)")
    }

    @Test func theWindowsProgramIsRightPython() async throws {
        let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
            .standardized
        let python = Program(executable: URL(fileURLWithPath: "/usr/bin/python3"), environment: [:])
        for name in ["refine-retouch", "refine_client.py", "refine_control/__init__.py"] {
            let path = top.appendingPathComponent("Sources/desktop/\(name)").path
            let end = try await python.run(["-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())", path])
            #expect(end.code == 0, "\(name): \(end.errors)")
        }
    }
}
