import Distillation
import Foundation
import Layers
import Testing

/// The trainer on the real student, for a few steps of one crop.
@Suite(.serialized) struct StudentTrainerTests {
    private func withFolder<T>(_ body: (String) throws -> T) throws -> T {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("refine-run-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: url) }
        return try body(url.path)
    }

    private static var settings: TrainingConfiguration {
        var c = TrainingConfiguration()
        (c.seed, c.steps, c.batch, c.largeCropInterval, c.warmUpSteps, c.scenes) = (3, 4, 1, 0, 1, 3)
        return c
    }

    /// Trains to `stops` in turn, each time with a new trainer, and returns the averaged weights.
    private func weights(in folder: String, stops: [Int]) throws -> [String: [Float]] {
        var result: [String: [Float]] = [:]
        for stop in stops {
            let trainer = try StudentTrainer(Self.settings, folder: folder, name: "test")
            try trainer.train(
                validation: [], validationInterval: 100, checkpointInterval: 100, report: { _, _ in },
                shouldStop: { trainer.step >= stop })
            #expect(trainer.step == stop)
            try trainer.export(
                to: "\(folder)/model", index: .init(name: "test", generation: "\(stop)", defaultSteps: 1))
            result = try Safetensors.read("\(folder)/model/unet/diffusion_pytorch_model.safetensors")
                .tensors.mapValues(\.values)
        }
        return result
    }

    @Test func anInterruptedRunEndsWithTheSameWeightsAsAnUninterruptedOne() throws {
        let straight = try withFolder { try weights(in: $0, stops: [4]) }
        let resumed = try withFolder { try weights(in: $0, stops: [1, 3, 4]) }
        #expect(straight == resumed)
        // The last layer starts at zero, so anything else shows that it was trained.
        #expect(straight["conv_out.weight"]?.contains { $0 != 0 } == true)
    }

    @Test func aFolderWithOtherSettingsIsRefused() throws {
        try withFolder { folder in
            _ = try StudentTrainer(Self.settings, folder: folder, name: "test")
            var other = Self.settings
            other.learningRate = 1
            let error = #expect(throws: ModelError.self) {
                try StudentTrainer(other, folder: folder, name: "test")
            }
            #expect(error?.code == .badConfiguration)
        }
    }

    @Test func aDamagedCheckpointIsRefused() throws {
        try withFolder { folder in
            _ = try weights(in: folder, stops: [1])
            let file = URL(fileURLWithPath: "\(folder)/checkpoint-1/moments.safetensors")
            try Data(contentsOf: file).dropLast(9).write(to: file)
            let error = #expect(throws: ModelError.self) {
                try StudentTrainer(Self.settings, folder: folder, name: "test")
            }
            #expect(error?.code == .damagedFile)
        }
    }
}
