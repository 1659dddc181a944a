import Diffusion
import Foundation
import ImageCodec
import TestSupport
import Testing

/// The programs as users run them: refinectl to refined over a real bus, photos through the sandboxed worker.
/// One after the other: each has a daemon with an engine of its own, and together they starve each other.
@Suite(.serialized) struct InpaintTests {
    /// A folder with a photo, a mask and a model, a bus, and a daemon on it.
    private struct Desk {
        let folder: URL
        let refinectl: Program
        let daemon: RunningProgram

        func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

        func inpaint(_ arguments: String...) async throws -> Program.Outcome {
            try await refinectl.run(["inpaint", path("photo.png"), "--mask", path("mask.png")] + arguments)
        }

        /// Samples [height, width, 3] of a PNG.
        func samples(_ name: String) throws -> [UInt8] { try InpaintTests.samples(path(name)) }
    }

    private static let width = 150, height = 110

    private static func samples(_ path: String) throws -> [UInt8] {
        let reader = try PhotoReader(file: FileBytes(path: path, argument: "image"), argument: "image")
        var samples = [UInt8](repeating: 0, count: reader.info.width * reader.info.height * 3)
        try samples.withUnsafeMutableBytes { try reader.readSamples(into: $0) }
        return samples
    }

    private func withDesk(model: (String) throws -> Void, _ body: (Desk) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("refine-e2e-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var state: UInt32 = 1
        let photo = (0..<(Self.width * Self.height * 3)).map { i -> UInt8 in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(truncatingIfNeeded: i / 3 % Self.width) / 2 &+ UInt8(state >> 27)
        }
        let mask = (0..<(Self.width * Self.height)).map { i -> UInt8 in
            (60..<90).contains(i % Self.width) && (80..<110).contains(i / Self.width) ? 255 : 0
        }
        try photo.withUnsafeBytes {
            try Data(PixelFile.png(samples: $0, width: Self.width, height: Self.height, bands: 3))
        }.write(to: folder.appendingPathComponent("photo.png"))
        try mask.withUnsafeBytes {
            try Data(PixelFile.png(samples: $0, width: Self.width, height: Self.height, bands: 1))
        }.write(to: folder.appendingPathComponent("mask.png"))
        try await RunningDaemon.with(model: model) {
            try await body(Desk(folder: folder, refinectl: $0.refinectl, daemon: $0.process))
        }
    }

    @Test func shapesInversionAndFittingMarkWhatAMaskMarks() async throws {
        try await withDesk(model: TinyModel.write) { desk in
            let common = ["--seed", "3", "--feather", "0", "--json", "-o", desk.path("out.png")]
            func result(_ arguments: [String]) async throws -> [UInt8] {
                let end = try await desk.refinectl.run(["inpaint", desk.path("photo.png")] + arguments + common)
                #expect(end.code == 0, "\(arguments): \(end.errors)")
                return try desk.samples("out.png")
            }
            let masked = try await result(["--mask", desk.path("mask.png")])
            #expect(try await result(["--polygon", "60,80", "90,80", "90,110", "60,110"]) == masked)
            #expect(
                try await result(["--polygon", "60,80 75,80 75,110 60,110", "75,80 90,80 90,110 75,110"]) == masked)
            let inverse = (0..<(Self.width * Self.height)).map { i -> UInt8 in
                (60..<90).contains(i % Self.width) && (80..<110).contains(i / Self.width) ? 0 : 255
            }
            try inverse.withUnsafeBytes {
                try Data(PixelFile.png(samples: $0, width: Self.width, height: Self.height, bands: 1))
            }.write(to: URL(fileURLWithPath: desk.path("inverse.png")))
            #expect(try await result(["--mask", desk.path("inverse.png"), "--invert"]) == masked)
            let small = (0..<(15 * 11)).map { i -> UInt8 in (6..<9).contains(i % 15) && i / 15 >= 8 ? 255 : 0 }
            try small.withUnsafeBytes {
                try Data(PixelFile.png(samples: $0, width: 15, height: 11, bands: 1))
            }.write(to: URL(fileURLWithPath: desk.path("small.png")))
            // The scaled mask has round corners.
            let (fitted, before) = (
                try await result(["--mask", desk.path("small.png"), "--fit-mask"]), try desk.samples("photo.png")
            )
            let changed = fitted.indices.filter { fitted[$0] != before[$0] }.map { $0 / 3 }
            #expect(Set(changed).count > 800)
            #expect(changed.allSatisfy { (60..<90).contains($0 % Self.width) && $0 / Self.width >= 80 })
            let refused = try await desk.refinectl.run([
                "inpaint", desk.path("photo.png"), "--mask", desk.path("small.png"), "-o", desk.path("no.png"),
            ])
            #expect(refused.code == 65 && refused.errors.contains("--fit-mask"), "\(refused.errors)")
            let outside = try await desk.refinectl.run([
                "inpaint", desk.path("photo.png"), "--polygon", "0,0 9,0 0,999",
            ])
            #expect(outside.code == 65 && outside.errors.contains("--polygon"), "\(outside.errors)")
        }
    }

    @Test func theHoleIsFilledAndNothingElseChanges() async throws {
        try await withDesk(model: TinyModel.write) { desk in
            let end = try await desk.inpaint("-o", desk.path("out.png"), "--seed", "3", "--feather", "2")
            #expect(end.code == 0, "\(end.errors)")
            let before = try desk.samples("photo.png"), after = try desk.samples("out.png")
            #expect(before.count == after.count)
            var changedInside = 0, changedOutside = 0
            for i in before.indices where before[i] != after[i] {
                let (x, y) = (i / 3 % Self.width, i / 3 / Self.width)
                if (58..<92).contains(x) && y >= 78 { changedInside += 1 } else { changedOutside += 1 }
            }
            #expect(changedInside > 1000)
            #expect(changedOutside == 0)
        }
    }

    @Test func aThickHoleGetsTextureUnlessTheModelAloneIsWanted() async throws {
        try await withDesk(model: TinyModel.write) { desk in
            // How much neighbours differ in the middle of the hole; the photo's noise goes up to 31.
            func roughness(_ arguments: String...) async throws -> Double {
                let end = try await desk.refinectl.run(
                    [
                        "inpaint", desk.path("photo.png"), "--box", "55,30,40,40", "-o", desk.path("out.png"), "--seed",
                        "3",
                    ]
                        + arguments)
                #expect(end.code == 0, "\(arguments): \(end.errors)")
                let samples = try desk.samples("out.png")
                var sum = 0
                for y in 40..<60 {
                    for x in 65..<85 {
                        let pixel = 3 * (y * Self.width + x)
                        sum += abs(Int(samples[pixel]) - Int(samples[pixel + 3]))
                    }
                }
                return Double(sum) / 400
            }
            let texture = try await roughness(), smooth = try await roughness("--no-detail")
            #expect(texture > smooth + 4, "\(texture), \(smooth)")
            #expect(try await roughness("--steps", "2") < texture - 4)
            #expect(try await roughness("--steps", "2", "--detail") > smooth + 4)
        }
    }

    @Test func theSameSeedGivesTheSameBytesAndAnotherSeedOthers() async throws {
        try await withDesk(model: TinyModel.write) { desk in
            for (name, seed) in [("a.png", "5"), ("b.png", "5"), ("c.png", "6")] {
                let end = try await desk.inpaint("-o", desk.path(name), "--seed", seed, "--steps", "4")
                #expect(end.code == 0, "\(end.errors)")
            }
            let files = try ["a.png", "b.png", "c.png"].map {
                try Data(contentsOf: URL(fileURLWithPath: desk.path($0)))
            }
            #expect(files[0] == files[1])
            #expect(files[0] != files[2])
        }
    }

    @Test func aPromptSteersTheHoleAndWordsThatTheModelNeverSawAreTold() async throws {
        try await withDesk(model: TinyModel.writeReadingText) { desk in
            func fill(_ arguments: String...) async throws -> (samples: [UInt8], end: Program.Outcome) {
                let end = try await desk.refinectl.run(
                    ["inpaint", desk.path("photo.png"), "--mask", desk.path("mask.png"), "-o", desk.path("out.png")]
                        + ["--seed", "3"] + arguments)
                #expect(end.code == 0, "\(arguments): \(end.errors)")
                return (try desk.samples("out.png"), end)
            }
            let none = try await fill(), brick = try await fill("--prompt", "a red brick wall")
            let grass = try await fill("--prompt", "green grass")
            #expect(brick.samples != none.samples && brick.samples != grass.samples)
            #expect(try await fill("--prompt", "A RED  brick wall").samples == brick.samples)
            #expect(try await fill("--prompt", "green grass", "--guidance", "4").samples != grass.samples)
            #expect(!brick.end.errors.contains("warning"), "\(brick.end.errors)")
            let before = try desk.samples("photo.png")
            for i in before.indices where before[i] != brick.samples[i] {
                // The default feather reaches a few pixels out of the hole.
                let (x, y) = (i / 3 % Self.width, i / 3 / Self.width)
                #expect((40..<110).contains(x) && y >= 60)
            }
            let strange = try await fill("--prompt", "a red dragon", "--json")
            #expect(strange.end.errors.contains("does not know dragon"), "\(strange.end.errors)")
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(strange.end.output.utf8)) as? [String: Any])
            #expect(object["unknown_words"] as? [String] == ["dragon"], "\(strange.end.output)")
            #expect((object["warnings"] as? [String])?.contains("unknown-words") == true)
            // What a user asks for stays between them and the model.
            desk.daemon.send(SIGTERM)
            let log = try await desk.daemon.outcome()
            #expect(!log.errors.contains("brick") && !log.errors.contains("dragon"), "the log names a prompt")
        }
    }

    @Test func aPromptThatNamesAMaterialFillsTheHoleWithIt() async throws {
        func write(_ folder: String) throws {
            try TinyModel.writeReadingText(to: folder)
            let stripes = (0..<64 * 64).flatMap { [UInt8](repeating: $0 % 8 < 4 ? 220 : 40, count: 3) }
            try TextureMemory.write(
                to: folder,
                TextureMemory.Configuration(
                    size: 64, materials: [TextureMemory.Material(name: "a brick wall", phrases: ["bricks"], count: 1)]),
                pictures: ["a brick wall": [stripes]], provenance: [:])
        }
        try await withDesk(model: write) { desk in
            func fill(_ arguments: String...) async throws -> (texture: String?, rows: Int) {
                let end = try await desk.refinectl.run(
                    ["inpaint", desk.path("photo.png"), "--mask", desk.path("mask.png"), "-o", desk.path("out.png")]
                        + ["--seed", "3", "--json", "--prompt", "a brick"] + arguments)
                #expect(end.code == 0, "\(arguments): \(end.errors)")
                let object = try JSONSerialization.jsonObject(with: Data(end.output.utf8)) as? [String: Any]
                let samples = try desk.samples("out.png")
                // Neighbours in a row of the hole that differ by half of what stripes do.
                let row = (62..<90).map { Int(samples[3 * (80 * Self.width + $0)]) }
                return (object?["texture"] as? String, zip(row, row.dropFirst()).count { abs($0 - $1) > 60 })
            }
            let brick = try await fill(), none = try await fill("--no-detail")
            #expect(brick.texture == "a brick wall" && brick.rows >= 5, "\(brick)")
            #expect(none.texture == nil && none.rows < 5, "\(none)")
        }
    }

    @Test func theDaemonStopsCleanlyOnSIGTERM() async throws {
        try await withDesk(model: TinyModel.write) { desk in
            desk.daemon.send(SIGTERM)
            let end = try await desk.daemon.outcome()
            #expect(end.code == 0)
            #expect(!end.errors.contains(desk.folder.path), "the log names a path")
        }
    }

    @Test func everyGuardOfTheRealProgramsHolds() async throws {
        try await withDesk(model: TinyModel.write) { desk in
            let end = try await desk.refinectl.run(["privacy", "--json"])
            #expect(end.code == 0, "\(end.errors)")
            let object = try #require(try JSONSerialization.jsonObject(with: Data(end.output.utf8)) as? [String: Any])
            let landlock = (object["landlock"] as? [String: Any])?["abi"] as? Int
            let programs = [("refined", 5), ("refine-worker", 10), ("refine-tuner", 8), ("refinectl", 5)]
            for (program, count) in programs {
                let guards = try #require(object[program] as? [String: Bool])
                #expect(guards.count >= count, "\(program): \(guards)")
                // An old kernel may lack Landlock, and then nothing claims that it holds.
                #expect(guards.allSatisfy { $0.value || ($0.key == "landlock" && landlock == 0) }, "\(guards)")
            }
            // The kernel's own word for it.
            let status = try String(contentsOfFile: "/proc/\(desk.daemon.processID)/status", encoding: .utf8)
            #expect(status.contains("Seccomp:\t2\n") && status.contains("NoNewPrivs:\t1\n"))
        }
    }

    @Test(arguments: ["missing", "truncated", "misshapen"])
    func aBrokenModelIsToldAndTheDaemonLivesOn(_ kind: String) async throws {
        let break_: (String) throws -> Void = { path in
            guard kind != "missing" else { return }
            try TinyModel.write(to: path)
            let weights = URL(fileURLWithPath: path).appendingPathComponent(
                "unet/diffusion_pytorch_model.safetensors")
            let config = URL(fileURLWithPath: path).appendingPathComponent("unet/config.json")
            if kind == "truncated" {
                try Data(contentsOf: weights).dropLast(100).write(to: weights)
            } else {
                let text = try String(contentsOf: config, encoding: .utf8)
                try text.replacingOccurrences(of: "32\n", with: "48\n").write(
                    to: config, atomically: true, encoding: .utf8)
            }
        }
        try await withDesk(model: break_) { desk in
            let end = try await desk.inpaint("-o", desk.path("out.png"))
            #expect(end.code != 0)
            #expect(end.errors.contains("model"), "\(end.errors)")
            #expect(!FileManager.default.fileExists(atPath: desk.path("out.png")))
            #expect(try await desk.refinectl.run(["status"]).code == 0)
        }
    }

    @Test func neitherDaemonNorCommandLinksAnImageCodec() async throws {
        for name in ["refined", "refinectl"] {
            let program = Program.product(name, bus: nil)
            var ldd = Program.product("ldd", bus: nil)
            ldd = Program(executable: URL(fileURLWithPath: "/usr/bin/ldd"), environment: ldd.environment)
            let end = try await ldd.run([program.executable.path])
            #expect(end.code == 0, "\(end.errors)")
            for library in ["libvips", "libjpeg", "libpng", "libwebp", "libtiff", "libheif"] {
                #expect(!end.output.contains(library), "\(name) links \(library)")
            }
        }
    }
}
