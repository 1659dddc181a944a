import Foundation
import RefineBus
import RefineDaemon
import TestSupport
import Testing

/// `refinectl` as a process, against the real daemon with the test engine.
@Suite struct CommandLineTests {
    /// A folder with `photo.ppm`, `mask.pgm` and what else a test puts there.
    private struct Folder {
        let url: URL

        init() throws {
            url = FileManager.default.temporaryDirectory.appendingPathComponent("refine-cli-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            try write("photo.ppm", PortableMap.photo(8, 4))
            try write("mask.pgm", PortableMap.mask(8, 4, marked: 6))
        }

        func path(_ name: String) -> String { url.appendingPathComponent(name).path }

        func write(_ name: String, _ bytes: [UInt8]) throws {
            try Data(bytes).write(to: url.appendingPathComponent(name))
        }

        func bytes(_ name: String) throws -> [UInt8] {
            [UInt8](try Data(contentsOf: url.appendingPathComponent(name)))
        }

        func names() throws -> Set<String> {
            Set(try FileManager.default.contentsOfDirectory(atPath: url.path))
        }

        func remove() { try? FileManager.default.removeItem(at: url) }
    }

    private func with<T>(_ body: (Folder) async throws -> T) async throws -> T {
        let folder = try Folder()
        defer { folder.remove() }
        return try await body(folder)
    }

    private static var filled: [UInt8] {
        PortableMap.header(channels: 3, width: 8, height: 4) + [UInt8](repeating: 128, count: 18)
            + [UInt8](repeating: 10, count: 78)
    }

    /// Another program, or a daemon of another version, is told from one that is not there.
    @Test func whoeverOwnsTheNameWithoutTheInterfaceIsNotTakenForTheDaemon() async throws {
        try await PrivateBus.with { bus in
            let foreign = try await bus.connect()
            try await foreign.own(RefineNames.bus)
            let cli = Program.product("refinectl", bus: bus)
            for command in [["status"], ["why"], ["jobs"], ["library", "list"]] {
                let end = try await cli.run(command)
                #expect(end.code == 69, "\(command): \(end.errors)")
                #expect(end.errors.contains("busctl --user status \(RefineNames.bus)"), "\(command): \(end.errors)")
            }
            await foreign.close()
        }
    }

    @Test func filledPhotoStandsBesideTheOriginal() async throws {
        try await TestDaemon.with { daemon in
            try await with { folder in
                let cli = Program.product("refinectl", bus: daemon.bus)
                let end = try await cli.run(["inpaint", folder.path("photo.ppm"), "--mask", folder.path("mask.pgm")])
                #expect(end.code == 0)
                // Not a terminal: nothing is drawn and nothing is said.
                #expect(end.output == "" && end.errors == "")
                #expect(try folder.bytes("photo-filled.ppm") == Self.filled)
                #expect(try folder.bytes("photo.ppm") == PortableMap.photo(8, 4))
                #expect(try folder.names() == ["photo.ppm", "mask.pgm", "photo-filled.ppm"])
            }
        }
    }

    @Test func jsonTellsWhatWasDone() async throws {
        try await TestDaemon.with { daemon in
            try await with { folder in
                let cli = Program.product("refinectl", bus: daemon.bus)
                let end = try await cli.run([
                    "inpaint", folder.path("photo.ppm"), "--box", "0,0,6,1", "--seed", "18446744073709551615",
                    "--steps",
                    "5", "-o", folder.path("out.ppm"), "--compare", folder.path("compare.ppm"), "--json",
                ])
                #expect(end.code == 0, "\(end.errors)")
                #expect(try folder.bytes("out.ppm") == Self.filled)
                #expect(try folder.bytes("compare.ppm") == PortableMap.photo(8, 4))
                let object = try #require(
                    try JSONSerialization.jsonObject(with: Data(end.output.utf8)) as? [String: Any])
                #expect(object["seed"] as? UInt64 == .max && object["steps"] as? Int == 5)
                #expect(object["output"] as? String == folder.path("out.ppm") && object["format"] as? String == "ppm")
                #expect((object["seconds"] as? [String: Double])?["denoise"] != nil)
            }
        }
    }

    @Test func variantsAreNumbered() async throws {
        try await TestDaemon.with(drawsSeed: true) { daemon in
            try await with { folder in
                let cli = Program.product("refinectl", bus: daemon.bus)
                let call = ["inpaint", folder.path("photo.ppm"), "--box", "0,0,6,1", "--variants", "2", "--seed", "1"]
                #expect(try await cli.run(call).code == 0)
                #expect(try folder.bytes("photo-filled-1.ppm") != folder.bytes("photo-filled-2.ppm"))
                let templates = try await cli.run(call + ["-o", "{dir}/v{variant}.ppm", "--json"])
                #expect(templates.code == 0, "\(templates.errors)")
                #expect(try folder.bytes("v1.ppm") == folder.bytes("photo-filled-1.ppm"))
                let object = try #require(
                    try JSONSerialization.jsonObject(with: Data(templates.output.utf8)) as? [String: Any])
                #expect(object["outputs"] as? [String] == [folder.path("v1.ppm"), folder.path("v2.ppm")])
                #expect(object["seeds"] as? [Int] == [1, 2] && object["steps"] as? Int == 4)
                let many = try await cli.run([
                    "inpaint", folder.path("photo.ppm"), "--box", "0,0,1,1", "--variants", "9",
                ])
                #expect(many.code == 64 && many.errors.contains("--variants"))
                #expect(try folder.names().count == 6)
            }
        }
    }

    @Test func modeFollowsTheUmask() async throws {
        try await TestDaemon.with { daemon in
            try await with { folder in
                let cli = Program.product("refinectl", bus: daemon.bus)
                var shell = cli
                shell = Program(executable: URL(fileURLWithPath: "/bin/sh"), environment: cli.environment)
                let end = try await shell.run([
                    "-c", "umask 027; exec \"$0\" inpaint \"$1\" --box 0,0,1,1", cli.executable.path,
                    folder.path("photo.ppm"),
                ])
                #expect(end.code == 0)
                var status = stat()
                #expect(stat(folder.path("photo-filled.ppm"), &status) == 0 && status.st_mode & 0o777 == 0o640)
            }
        }
    }

    @Test func inputIsReplacedOnlyWhenAskedForByName() async throws {
        try await TestDaemon.with { daemon in
            try await with { folder in
                let cli = Program.product("refinectl", bus: daemon.bus)
                let photo = folder.path("photo.ppm")
                try FileManager.default.createSymbolicLink(
                    atPath: folder.path("link.ppm"), withDestinationPath: "photo.ppm")
                let end = try await cli.run(["inpaint", photo, "--box", "0,0,6,1", "-o", folder.path("link.ppm")])
                #expect(end.code == 0)
                #expect(try folder.bytes("photo.ppm") == Self.filled)
                #expect(
                    try FileManager.default.destinationOfSymbolicLink(atPath: folder.path("link.ppm")) == "photo.ppm")
            }
        }
    }

    @Test func mostlyMaskedPhotoIsFilledWithAWarning() async throws {
        try await TestDaemon.with { daemon in
            try await with { folder in
                try folder.write("most.pgm", PortableMap.mask(8, 4, marked: 30))
                let cli = Program.product("refinectl", bus: daemon.bus)
                let end = try await cli.run(["inpaint", folder.path("photo.ppm"), "--mask", folder.path("most.pgm")])
                #expect(end.code == 0)
                #expect(end.errors.contains("more than 60 % of the photo is masked"))
                #expect(try folder.names().contains("photo-filled.ppm"))
            }
        }
    }

    @Test func severalPhotosGoThroughATemplate() async throws {
        try await TestDaemon.with { daemon in
            try await with { folder in
                for name in ["a", "b"] { try folder.write("\(name).ppm", PortableMap.photo(8, 4)) }
                for name in ["a", "b"] { try folder.write("\(name).png", PortableMap.mask(8, 4, marked: 6)) }
                let cli = Program.product("refinectl", bus: daemon.bus)
                let photos = [folder.path("a.ppm"), folder.path("b.ppm")]
                let end = try await cli.run(
                    ["inpaint"] + photos + ["--mask", folder.url.path, "-o", "{dir}/{name}.new{ext}"])
                #expect(end.code == 0, "\(end.errors)")
                #expect(try folder.bytes("a.new.ppm") == Self.filled && folder.bytes("b.new.ppm") == Self.filled)
                let twice = try await cli.run(
                    ["inpaint"] + photos + ["--box", "0,0,1,1", "-o", folder.path("same.ppm")])
                #expect(twice.code == 64 && twice.errors.contains("would be written twice"))
                let broken = try await cli.run(
                    ["inpaint", folder.path("no.ppm"), photos[0], "--box", "0,0,1,1", "-o", "{dir}/{name}.x{ext}"])
                #expect(broken.code == 66 && broken.errors.contains("no.ppm"))
                #expect(try folder.names().contains("a.x.ppm"))
            }
        }
    }

    @Test func interruptCancelsTheJob() async throws {
        let gate = StepGate()
        try await TestDaemon.with(gate: gate, steps: 50) { daemon in
            try await with { folder in
                for (signal, code) in [(SIGINT, Int32(130)), (SIGTERM, 143)] {
                    let before = gate.arrived
                    let cli = Program.product("refinectl", bus: daemon.bus)
                    let running = try cli.start([
                        "inpaint", folder.path("photo.ppm"), "--mask", folder.path("mask.pgm"),
                    ])
                    try await eventually("a step") { gate.arrived == before + 1 }
                    running.send(signal)
                    let end = try await running.outcome()
                    #expect(end.code == code && end.errors.contains("cancelled"))
                    gate.allow(1)
                    try await eventually("an empty queue") { try await daemon.get("QueueLength") == .uint32(0) }
                    #expect(gate.arrived == before + 1)
                    #expect(try folder.names() == ["photo.ppm", "mask.pgm"])
                }
            }
        }
    }

    @Test func daemonThatGoesAwayIsNoticed() async throws {
        let gate = StepGate()
        try await TestDaemon.with(gate: gate) { daemon in
            try await with { folder in
                let cli = Program.product("refinectl", bus: daemon.bus)
                let running = try cli.start(["inpaint", folder.path("photo.ppm"), "--mask", folder.path("mask.pgm")])
                try await eventually("a step") { gate.arrived == 1 }
                daemon.bus.kill()
                let end = try await running.outcome()
                #expect(end.code == 69 && end.errors.contains("went away"))
            }
        }
    }

    @Test func progressIsDrawnOnATerminalOnly() async throws {
        try await TestDaemon.with { daemon in
            try await with { folder in
                let cli = Program.product("refinectl", bus: daemon.bus)
                // script(1) gives the program a terminal.
                var terminal = Program(
                    executable: URL(fileURLWithPath: "/usr/bin/script"), environment: cli.environment)
                terminal.environment["TERM"] = "xterm"
                let command = "'\(cli.executable.path)' inpaint '\(folder.path("photo.ppm"))' --box 0,0,1,1"
                let colored = try await terminal.run(["-qefc", command, "/dev/null"])
                #expect(colored.code == 0)
                #expect(colored.output.contains("[\u{1b}[32m#") && colored.output.contains("% drawing"))
                #expect(colored.output.contains("photo-filled.ppm: filled in "))
                terminal.environment["NO_COLOR"] = "1"
                let plain = try await terminal.run(["-qefc", command, "/dev/null"])
                #expect(plain.output.contains("[#") && !plain.output.contains("\u{1b}[32m"))
                terminal.environment["TERM"] = "dumb"
                let dumb = try await terminal.run(["-qefc", command, "/dev/null"])
                #expect(dumb.code == 0 && !dumb.output.contains("#"))
            }
        }
    }

    @Test func statusShowsModelAndGuards() async throws {
        try await TestDaemon.with { daemon in
            try await eventually("the model") { try await daemon.get("Model")?.options?["state"] == .string("ready") }
            let cli = Program.product("refinectl", bus: daemon.bus)
            let words = try await cli.run(["status"])
            #expect(
                words.code == 0 && words.output.contains("grey, generation 1") && words.output.contains("all 2 guards"))
            let json = try await cli.run(["status", "--json"])
            let object = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
            #expect((object["model"] as? [String: Any])?["default_steps"] as? Int == 3)
            #expect((object["privacy"] as? [String: Bool])?["worker-test"] == true)
        }
    }

    @Test(arguments: [["inpaint", "--help"], ["status", "--help"], ["--help"]])
    func helpShowsExamples(_ arguments: [String]) async throws {
        let help = try await Program.product("refinectl", bus: nil).run(arguments)
        #expect(help.code == 0 && help.output.contains("\n  refinectl "))
    }
}

/// What goes wrong, and what is said about it.
@Suite struct CommandLineErrorTests {
    @Test func eachBadInputHasItsCodeNamesItsFileAndLeavesNoOutput() async throws {
        try await TestDaemon.with { daemon in
            let folder = daemon.bus.folder
            func file(_ name: String, _ bytes: [UInt8]) throws -> String {
                let url = folder.appendingPathComponent(name)
                try Data(bytes).write(to: url)
                return url.path
            }
            let photo = try file("photo.ppm", PortableMap.photo(8, 4))
            let mask = try file("mask.pgm", PortableMap.mask(8, 4, marked: 6))
            let cut = try file("cut.ppm", Array(PortableMap.photo(8, 4).dropLast(3)))
            let text = try file("text.ppm", Array("this is a text".utf8))
            let zero = try file("zero.ppm", [])
            let other = try file("other.pgm", PortableMap.mask(9, 4, marked: 6))
            let black = try file("black.pgm", PortableMap.mask(8, 4, marked: 0))
            let nothing = folder.appendingPathComponent("nothing.ppm").path
            let fifo = folder.appendingPathComponent("fifo").path
            #expect(mkfifo(fifo, 0o600) == 0)
            let out = folder.appendingPathComponent("out.ppm").path
            let cases: [([String], Int32, String)] = [
                ([nothing, "--mask", mask], 66, nothing), ([photo, "--mask", nothing], 66, nothing),
                ([folder.path, "--mask", mask], 66, folder.path), ([fifo, "--mask", mask], 66, fifo),
                ([zero, "--mask", mask], 65, zero), ([text, "--mask", mask], 65, text),
                ([cut, "--mask", mask], 65, cut),
                ([photo, "--mask", other], 65, other), ([photo, "--mask", black], 65, black),
                ([photo, "--mask", zero], 65, zero),
                ([photo, "--mask", mask, "--steps", "0"], 64, "--steps"),
                ([photo, "--mask", mask, "--steps", "x"], 64, "steps"),
                ([photo, "--mask", mask, "--prompt", "a dog"], 64, "--prompt"),
                ([photo, "--mask", mask, "--box", "1,1,1,1"], 64, "not both"), ([photo], 64, "--mask"),
                ([photo, "--box", "1,1,0,1"], 64, "box"), ([photo, "--box", "1,1,1"], 64, "box"),
                ([photo, "--mask", mask, "--compare", "/nonexistent/c.png"], 73, "/nonexistent/c.png"),
            ]
            let cli = Program.product("refinectl", bus: daemon.bus)
            for (arguments, code, named) in cases {
                let end = try await cli.run(["inpaint"] + arguments + ["-o", out])
                #expect(end.code == code, "\(arguments): \(end.errors)")
                #expect(end.errors.contains(named), "\(arguments): \(end.errors)")
                #expect(end.errors.split(separator: "\n").count >= 2, "no remedy: \(end.errors)")
                #expect(!FileManager.default.fileExists(atPath: out))
            }
            for path in ["/nonexistent/out.ppm", "/dev/null", "/proc/out.ppm"] {
                let end = try await cli.run(["inpaint", photo, "--mask", mask, "-o", path])
                #expect(end.code == 73 && end.errors.contains(path), "\(end.errors)")
            }
            let leftovers = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(!leftovers.contains { $0.hasSuffix(".part") })
            #expect(try await daemon.inpaint().end() == "")
        }
    }

    @Test func withoutBusOrDaemonTheNextStepIsTold() async throws {
        let nowhere = Program.product("refinectl", bus: nil)
        let noBus = try await nowhere.run(["status"])
        #expect(noBus.code == 69 && noBus.errors.contains("dbus-run-session"))
        var remote = nowhere
        remote.environment["DBUS_SESSION_BUS_ADDRESS"] = "tcp:host=127.0.0.1,port=9"
        let refused = try await remote.run(["status"])
        #expect(refused.code == 69 && refused.errors.contains("only unix: sockets"))
        try await PrivateBus.with { bus in
            let end = try await Program.product("refinectl", bus: bus).run(["status"])
            #expect(end.code == 69 && end.errors.contains("systemctl --user start refined"))
        }
    }

    @Test func busyDaemonAsksToComeBack() async throws {
        let gate = StepGate()
        var limits = ServiceLimits()
        limits.queueLength = 1
        try await TestDaemon.with(gate: gate, limits: limits) { daemon in
            let job = try await daemon.inpaint()
            let photo = daemon.bus.folder.appendingPathComponent("photo.ppm")
            try Data(PortableMap.photo(8, 4)).write(to: photo)
            let end = try await Program.product("refinectl", bus: daemon.bus).run(
                ["inpaint", photo.path, "--box", "0,0,1,1"])
            #expect(end.code == 75)
            gate.open()
            #expect(try await job.end() == "")
        }
    }
}
