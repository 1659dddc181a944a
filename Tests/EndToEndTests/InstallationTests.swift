import Foundation
import TestSupport
import Testing

/// `scripts/install` and `scripts/uninstall`, with the programs of this build, below folders of their own.
@Suite struct InstallationTests {
    private struct Place {
        let folder: URL
        let prefix: String
        let destination: String

        var root: String { destination + prefix }

        func run(_ script: String, _ arguments: [String] = [], lab: Bool = false) async throws -> Program.Outcome {
            let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
            var program = Program.product("refined", bus: nil)
            program = Program(
                executable: top.standardized.appendingPathComponent("scripts/\(script)"),
                environment: program.environment)
            program.environment["PREFIX"] = prefix
            program.environment["DESTDIR"] = destination
            program.environment["LAB"] = lab ? "1" : nil
            program.environment["HOME"] = folder.path
            for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
                program.environment[name] = nil
            }
            return try await program.run(arguments)
        }

        func install(lab: Bool = false) async throws -> Program.Outcome {
            let build = Program.product("refined", bus: nil).executable.deletingLastPathComponent().path
            return try await run("install", [build], lab: lab)
        }

        func files() throws -> Set<String> {
            let all = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
            return Set(
                all.filter {
                    var isFolder: ObjCBool = false
                    let path = folder.appendingPathComponent($0).path
                    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
                })
        }
    }

    private func with(_ prefix: String?, _ body: (Place) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "refine-install-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let place =
            prefix.map { Place(folder: folder, prefix: $0, destination: folder.path) }
            ?? Place(folder: folder, prefix: folder.appendingPathComponent(".local").path, destination: "")
        try await body(place)
    }

    @Test(arguments: ["/usr", "/usr/local", nil])
    func everythingIsInstalledInItsPlaceAndTakenAwayAgain(_ prefix: String?) async throws {
        try await with(prefix) { place in
            let end = try await place.install()
            #expect(end.code == 0, "\(end.errors)")
            let unit = place.prefix.hasPrefix("/usr") ? "lib/systemd/user" : "share/systemd/user"
            let zsh = place.prefix == "/usr" ? "share/zsh/vendor-completions" : "share/zsh/site-functions"
            for name in [
                "bin/refined", "bin/refinectl", "libexec/refine-control/refine-worker",
                "libexec/refine-control/refine-tuner",
                "libexec/refine-control/refine-retouch", "share/applications/org.refinecontrol.Retouch.desktop",
                "share/nemo/actions/refine-control.nemo_action", "share/krita/pykrita/refine_control/__init__.py",
                "share/krita/pykrita/refine_control/refine_client.py",
                "share/refine-control/models/default-student/model_index.json",
                "share/refine-control/models/compact-student/model_index.json", "\(unit)/refined.service",
                "share/dbus-1/services/org.refinecontrol.Refine1.service", "share/man/man8/refined.8",
                "share/dbus-1/interfaces/org.refinecontrol.Refine1.Manager.xml",
                "share/bash-completion/completions/refinectl", "\(zsh)/_refinectl",
                "share/fish/vendor_completions.d/refinectl.fish",
            ] {
                #expect(FileManager.default.fileExists(atPath: "\(place.root)/\(name)"), "\(name) is missing")
            }
            for name in ["\(unit)/refined.service", "share/dbus-1/services/org.refinecontrol.Refine1.service"] {
                let text = try String(contentsOfFile: "\(place.root)/\(name)", encoding: .utf8)
                #expect(text.contains("=\(place.prefix)/bin/refined"), "\(name) names another program")
                #expect(!text.contains("@bindir@"), "\(name) has a place that was not filled in")
            }
            #expect(try place.files().allSatisfy { !$0.hasSuffix(".refine-new") })
            let gone = try await place.run("uninstall")
            #expect(gone.code == 0, "\(gone.errors)")
            #expect(try place.files().isEmpty)
            let again = try await place.run("uninstall")
            #expect(again.code == 66 && again.errors.contains("PREFIX"))
        }
    }

    /// The programs that train and measure come when asked for, and are renewed with the rest from then on.
    @Test func theLaboratoryIsInstalledWhenAskedForAndStays() async throws {
        try await with("/usr/local") { place in
            for (lab, isThere) in [(false, false), (true, true), (false, true)] {
                let end = try await place.install(lab: lab)
                #expect(end.code == 0, "\(end.errors)")
                for name in [
                    "bin/refine-distill", "bin/refine-bench", "share/man/man1/refine-distill.1",
                    "share/man/man1/refine-bench.1",
                ] {
                    #expect(FileManager.default.fileExists(atPath: "\(place.root)/\(name)") == isThere, "\(name)")
                }
            }
            let end = try await place.run("uninstall")
            #expect(end.code == 0, "\(end.errors)")
            #expect(try place.files().isEmpty)
        }
    }

    @Test func programsAreInstalledWithoutSymbols() async throws {
        try await with("/usr") { place in
            #expect(try await place.install().code == 0)
            let file = Program(executable: URL(fileURLWithPath: "/usr/bin/readelf"), environment: [:])
            for name in ["bin/refined", "bin/refinectl", "libexec/refine-control/refine-worker"] {
                let end = try await file.run(["--wide", "--section-headers", "\(place.root)/\(name)"])
                #expect(end.code == 0 && !end.output.contains(".symtab"), "\(name)")
            }
        }
    }

    @Test func theInstalledProgramsFindTheWorkerAndTheModel() async throws {
        try await with(nil) { place in
            #expect(try await place.install().code == 0)
            try await PrivateBus.with { bus in
                func program(_ name: String) -> Program {
                    var program = Program(
                        executable: URL(fileURLWithPath: "\(place.root)/bin/\(name)"),
                        environment: Program.product(name, bus: bus).environment)
                    program.environment["HOME"] = place.folder.path
                    return program
                }
                let photo = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                    .appendingPathComponent("../Demo/photo.png").standardized.path
                try await RunningDaemon.with([], on: bus, program: program) { daemon in
                    let out = place.folder.appendingPathComponent("out.png").path
                    let end = try await daemon.refinectl.run(["inpaint", photo, "--box", "20,20,30,30", "-o", out])
                    #expect(end.code == 0, "\(end.errors) \(daemon.process.errors)")
                    #expect(FileManager.default.fileExists(atPath: out))
                    // No systemd that would: the daemon of the older version ends, so that the next call starts the new
                    // one.
                    let again = try await place.install()
                    #expect(again.code == 0 && again.output.contains("Ended the refined that ran"), "\(again.output)")
                    #expect(try await daemon.process.outcome().code == 0)
                }
                try await RunningDaemon.with([], on: bus, program: program) { other in
                    let gone = try await place.run("uninstall")
                    #expect(gone.code == 0 && gone.output.contains("Ended the refined that ran"), "\(gone.output)")
                    #expect(try await other.process.outcome().code == 0)
                }
            }
        }
    }

    @Test func anOlderInstallationIsReplacedAndWhatItAloneHadIsRemoved() async throws {
        try await with("/usr/local") { place in
            #expect(try await place.install().code == 0)
            let manifest = "\(place.root)/share/refine-control/installed-files"
            let old = "\(place.root)/share/refine-control/of-an-older-version"
            try Data("old".utf8).write(to: URL(fileURLWithPath: old))
            let list = try String(contentsOfFile: manifest, encoding: .utf8)
            try (list + "/usr/local/share/refine-control/of-an-older-version\n").write(
                toFile: manifest, atomically: true, encoding: .utf8)
            try Data("damaged".utf8).write(to: URL(fileURLWithPath: "\(place.root)/bin/refined"))
            #expect(try await place.install().code == 0)
            #expect(!FileManager.default.fileExists(atPath: old))
            #expect(try Data(contentsOf: URL(fileURLWithPath: "\(place.root)/bin/refined")).count > 10_000)
            #expect(try String(contentsOfFile: manifest, encoding: .utf8) == list)
        }
    }

    @Test func whatBelongsToTheUserStaysAndItsPlaceIsTold() async throws {
        try await with(nil) { place in
            #expect(try await place.install().code == 0)
            let mine = ".local/share/refine-control/library.sqlite"
            let settings = ".config/refine-control/refined.toml"
            for name in [mine, settings] {
                let url = place.folder.appendingPathComponent(name)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data("mine".utf8).write(to: url)
            }
            let end = try await place.run("uninstall")
            #expect(end.code == 0)
            #expect(try place.files() == [mine, settings])
            #expect(end.output.contains("\(place.folder.path)/.local/share/refine-control"))
            #expect(end.output.contains("\(place.folder.path)/.config/refine-control"))
        }
    }

    @Test func nothingIsInstalledByHalf() async throws {
        try await with("/usr") { place in
            let empty = try await place.run("install", [place.folder.path])
            #expect(empty.code == 66 && empty.errors.contains("run make first"))
            #expect(try place.files().isEmpty)
        }
        let relative = Place(
            folder: FileManager.default.temporaryDirectory, prefix: "usr", destination: "/nonexistent")
        #expect(try await relative.run("install", ["/"]).code == 64)
    }
}
