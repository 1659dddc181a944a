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
