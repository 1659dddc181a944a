import Diffusion
import Foundation
import Layers
import TestSupport
import Testing

/// refine-distill as people run it: killed, out of space, called again.
@Suite(.serialized) struct TrainingTests {
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("refine-e2e-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder.path)
    }

    private let program = Program.product("refine-distill", bus: nil)

    /// A run whose steps take milliseconds; the same but for its folder.
    private func arguments(_ folder: String, steps: Int = 60, text: Bool = false) -> [String] {
        (text ? ["train", "--text", "--inserted-share", "0"] : ["train"]) + [
            "--run", "\(folder)/run", "--steps", "\(steps)", "--seed", "5", "--batch", "1", "--crop-size",
            "32",
            "--large-crop-interval", "0", "--warm-up-steps", "1", "--scenes", "2", "--simple-share", "1", "--channels",
            "16,32", "--checkpoint-interval", "3", "--threads", "1", "--export", "\(folder)/model",
        ]
    }

    /// Of every part that the exported model has.
    private func weights(_ folder: String) throws -> [String: [Float]] {
        let files = ["unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors"]
            .map { "\(folder)/model/\($0)" }.filter(FileManager.default.fileExists(atPath:))
        return try files.reduce(into: [:]) { all, file in
            all.merge(try Safetensors.read(file).tensors.mapValues(\.values)) { first, _ in first }
        }
    }

    @Test(arguments: [false, true])
    func aRunThatIsKilledGoesOnAndEndsWithTheSameWeights(text: Bool) async throws {
        try await withFolder { whole in
            try await withFolder { killed in
                #expect(try await program.run(arguments(whole, steps: 400, text: text)).code == 0)
                #expect(try weights(whole).keys.contains { $0.contains("token_embedding") } == text)
                let first = try program.start(arguments(killed, steps: 400, text: text))
                try await eventually("a checkpoint", within: .seconds(240)) {
                    FileManager.default.fileExists(atPath: "\(killed)/run/latest.json")
                }
                first.send(SIGKILL)
                _ = try await first.outcome()
                #expect(!FileManager.default.fileExists(atPath: "\(killed)/model"), "it ended before it was killed")
                let second = try await program.run(arguments(killed, steps: 400, text: text))
                #expect(second.code == 0 && !second.output.contains("step 0 of"), "\(second.output)\(second.errors)")
                #expect(try weights(whole) == weights(killed))
            }
        }
    }

    @Test func aModelGetsPicturesOfMaterialsDrawnAndPhotographed() async throws {
        try await withFolder { folder in
            let model = "\(folder)/model", photos = "\(folder)/photos"
            try TinyModel.writeReadingText(to: model)
            #expect(
                try await program.run(["synth", "--output", photos, "--count", "3", "--size", "96", "--swatches"]).code
                    == 0)
            func label(_ texts: [String]) throws {
                let lines = texts.enumerated().map { "{\"file_name\": \"swatch-\($0).png\", \"text\": \"\($1)\"}\n" }
                try lines.joined().write(toFile: "\(photos)/metadata.jsonl", atomically: true, encoding: .utf8)
            }
            func make(_ arguments: String...) async throws -> Program.Outcome {
                try await program.run(
                    ["textures", "--model", model, "--count", "1", "--size", "64", "--pictures", photos] + arguments)
            }
            try label(["my old curtain", "the bricks", "my old curtain"])
            let end = try await make()
            #expect(end.code == 0 && end.output.contains("45 materials, 46 pictures"), "\(end.output)\(end.errors)")
            let memory = try #require(try TextureMemory(of: model))
            #expect(try memory.textures(for: "an old curtain of my own")?.material == "a curtain")
            #expect(try memory.textures(for: "my old curtains")?.pictures.count == 2)
            // Bricks are still called up by all their names, and are what the photo shows.
            let brick = try #require(try memory.textures(for: "a brick wall"))
            try label(["one", "two", "three"])
            #expect(try await make().code == 0)
            let again = try #require(try TextureMemory(of: model))
            #expect(try again.textures(for: "two")?.pictures == brick.pictures)
            #expect(try again.textures(for: "a brick wall")?.pictures != brick.pictures)

            // Bad input is told, and what was there stays.
            try label(["one", "two", ""])
            let unnamed = try await make()
            #expect(unnamed.code == 64 && unnamed.errors.contains("each needs a line"), "\(unnamed.errors)")
            try label(["one", "two", "three"])
            let small = try await make("--size", "128")
            #expect(small.code == 64 && small.errors.contains("at least 128x128"), "\(small.errors)")
            try TinyModel.write(to: "\(folder)/mute")
            let mute = try await program.run(["textures", "--model", "\(folder)/mute"])
            #expect(mute.code == 64 && mute.errors.contains("no text encoder"), "\(mute.errors)")
            #expect(try TextureMemory(of: model)?.textures(for: "two") != nil)
        }
    }

    @Test(.enabled(if: !isThreadSanitized, "a limit on files ends ThreadSanitizer"))
    func aFullDiskLeavesTheLastCheckpointAndSaysSo() async throws {
        try await withFolder { folder in
            let start = try await program.run(arguments(folder) + ["--stop-after", "3"])
            #expect(start.code == 0, "\(start.errors)")
            // Files may have 32 kB: the same error as a disk without room, where the checkpoint is written.
            let shell = Program(
                executable: URL(fileURLWithPath: "/bin/sh"), environment: program.environment)
            let limited = try await shell.run(
                ["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"", program.executable.path] + arguments(folder))
            #expect(limited.code != 0)
            #expect(limited.errors.contains("checkpoint-6/weights.safetensors"), "\(limited.errors)")
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/run/checkpoint-6"))
            let rest = try await program.run(arguments(folder))
            #expect(rest.code == 0 && rest.output.contains("step 3 of 60"), "\(rest.output)\(rest.errors)")
        }
    }

    @Test func damagedPhotosAmongGoodOnesAreLeftOutCountedAndListed() async throws {
        try await withFolder { folder in
            #expect(try await program.run(arguments(folder, steps: 1)).code == 0)
            let photos = "\(folder)/photos"
            #expect(
                try await program.run(["synth", "--output", photos, "--count", "3", "--size", "64"]).code == 0)
            let whole = try Data(contentsOf: URL(fileURLWithPath: "\(photos)/scene-1.png"))
            try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: "\(photos)/scene-1.png"))
            try Data("no picture".utf8).write(to: URL(fileURLWithPath: "\(photos)/words.jpg"))
            let tuned = [
                "finetune", "--run", "\(folder)/tuned", "--start", "\(folder)/model", "--unlabelled", photos, "--steps",
                "2", "--batch", "2", "--crop-size", "32", "--large-crop-interval", "0", "--scenes", "1",
            ]
            let end = try await program.run(tuned)
            #expect(end.code == 0 && end.output.contains("2 photos, 2 left out"), "\(end.output)\(end.errors)")
            #expect(end.output.contains("scene-1.png: ") && end.output.contains("words.jpg: "), "\(end.output)")
            for file in try FileManager.default.contentsOfDirectory(atPath: photos) where file.hasSuffix(".png") {
                try Data("gone".utf8).write(to: URL(fileURLWithPath: "\(photos)/\(file)"))
            }
            let none = try await program.run(tuned.map { $0 == "\(folder)/tuned" ? "\(folder)/other" : $0 })
            #expect(none.code != 0 && none.errors.contains("--unlabelled"), "\(none.errors)")
        }
    }
}
