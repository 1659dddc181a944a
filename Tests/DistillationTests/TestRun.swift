import Diffusion
import Distillation
import Foundation

/// Small networks and runs, so that a step takes milliseconds.
enum TestRun {
    static func withFolder<T>(_ body: (String) throws -> T) throws -> T {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("refine-run-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: url) }
        return try body(url.path)
    }

    static var training: TrainingConfiguration {
        var c = TrainingConfiguration()
        (c.seed, c.steps, c.batch, c.cropSize, c.largeCropInterval) = (3, 4, 2, 32, 3)
        (c.warmUpSteps, c.scenes, c.simpleShare) = (1, 2, 1)
        return c
    }

    static func student(_ channels: [Int] = [16, 32]) -> NetworkShape {
        .student(codec: CodecConfiguration(), channels: channels)
    }

    static func teacher(_ channels: [Int] = [16, 32]) -> NetworkShape {
        .teacher(codec: CodecConfiguration(), channels: channels)
    }

    /// Settings for networks that read captions, over scenes that have some.
    static var textTraining: TrainingConfiguration {
        var c = training
        (c.simpleShare, c.thinShare) = (0, 0)
        c.text = TextTraining()
        c.text?.insertedShare = 0.5
        return c
    }

    /// A text encoder of the smallest vocabulary that there is.
    static let text = {
        let tokenizer = CLIPTokenizer.trained(
            on: ["a red brick wall", "green grass and a wire"], vocabularySize: 540, length: 12)
        let encoder = CLIPTextConfiguration(
            vocabularySize: 540, width: 16, intermediate: 32, layers: 1, heads: 2, length: 12,
            end: tokenizer.endToken)
        return NetworkShape.TextShape(encoder: encoder, tokenizer: tokenizer)
    }()

    static var textStudent: NetworkShape {
        .student(codec: CodecConfiguration(), channels: [16, 32], text: text)
    }

    static var textTeacher: NetworkShape {
        .teacher(codec: CodecConfiguration(), channels: [16, 32], text: text)
    }

    /// A trainer of the task loss alone.
    static func trainer(
        in folder: String, _ shape: NetworkShape = student(), _ training: TrainingConfiguration = training
    ) throws -> Trainer {
        try Trainer(.init(method: .task, training: training), folder: folder) { kept in
            try TaskObjective(shape.network(kept: kept, start: nil, training), training)
        }
    }
}
