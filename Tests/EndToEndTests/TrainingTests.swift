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
    private func arguments(_ folder: String, steps: Int = 60) -> [String] {
        [
            "train", "--run", "\(folder)/run", "--steps", "\(steps)", "--seed", "5", "--batch", "1", "--crop-size",
            "32",
            "--large-crop-interval", "0", "--warm-up-steps", "1", "--scenes", "2", "--simple-share", "1", "--channels",
            "16,32", "--checkpoint-interval", "3", "--threads", "1", "--export", "\(folder)/model",
        ]
    }

    private func weights(_ folder: String) throws -> [String: [Float]] {
        try Safetensors.read("\(folder)/model/unet/diffusion_pytorch_model.safetensors").tensors.mapValues(\.values)
    }

    @Test func aRunThatIsKilledGoesOnAndEndsWithTheSameWeights() async throws {
        try await withFolder { whole in
            try await withFolder { killed in
                #expect(try await program.run(arguments(whole, steps: 400)).code == 0)
                let first = try program.start(arguments(killed, steps: 400))
                try await eventually("a checkpoint") {
                    FileManager.default.fileExists(atPath: "\(killed)/run/latest.json")
                }
                first.send(SIGKILL)
                _ = try await first.outcome()
                #expect(!FileManager.default.fileExists(atPath: "\(killed)/model"), "it ended before it was killed")
                let second = try await program.run(arguments(killed, steps: 400))
                #expect(second.code == 0 && !second.output.contains("step 0 of"), "\(second.output)\(second.errors)")
                #expect(try weights(whole) == weights(killed))
            }
        }
    }

    @Test func aFullDiskLeavesTheLastCheckpointAndSaysSo() async throws {
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
}
