import Autograd
import Diffusion
import Distillation
import Foundation
import Layers
import TensorCore
import Testing

/// Students with a text prior: with a prompt they fill as it says, and without one as they did before.
@Suite(.serialized) struct TextPriorTests {
    private static let training = {
        var training = TestRun.textTraining
        training.text?.learnsAlone = true
        training.text?.hasAnyTone = true
        training.text?.captionDrop = 0
        return training
    }()
    private static let sampler = CropSampler(training)
    private static let shape = NetworkShape.student(
        codec: CodecConfiguration(), channels: [16, 32], text: TestRun.text.withPrior())
    private static let index = ModelIndex(name: "small", generation: "1", defaultSteps: 1)

    /// Layers that start at zero hide what stands before them.
    private func awakened(_ network: InpaintingNetwork, _ prefix: String = "") -> InpaintingNetwork {
        var random = SeededRandom(seed: 10)
        for (name, variable) in network.parameters where name.hasPrefix(prefix) && variable.value.sumOfSquares == 0 {
            variable.value.copyInPlace(from: random.normalTensor(variable.shape) * 0.05)
        }
        return network
    }

    private var crops: (images: Tensor, prefills: Tensor, masks: Tensor) {
        let (images, prefills, masks, _) = Self.sampler.batch(step: 0, count: 2, size: 32).tensors()
        return (images, prefills, masks)
    }

    private func fill(_ network: InpaintingNetwork, _ caption: String?, guidance: Float = 1) -> [Float] {
        network.fill(
            prefill: crops.prefills, mask: crops.masks, steps: 2, seed: 1, captions: caption.map { [$0, $0] },
            guidance: guidance
        ).values
    }

    /// A student without text, on disk.
    private func plain(in folder: String) throws -> InpaintingNetwork {
        let network = awakened(try TestRun.student().untrained(Self.training))
        try network.write(to: folder, index: Self.index, as: .float32)
        return network
    }

    @Test func aTeacherThatIsGrownFollowsPromptsAsTheStudentDid() throws {
        let student = awakened(try InpaintingNetwork(Self.shape, seed: 3))
        let growth = try NetworkGrowth(of: Self.shape, channels: [16, 32], layers: 1, origin: "student")
        let teacher = try growth.network(from: student, seed: 4)
        for caption in [nil, "a brick wall"] {
            let pairs = zip(fill(student, caption), fill(teacher, caption))
            #expect(pairs.allSatisfy { abs($0 - $1) < 1e-4 }, "\(caption ?? "no caption")")
        }
        #expect(fill(student, "a brick wall") != fill(student, nil))
    }

    @Test func withoutAPromptAStudentThatHasLearntTextFillsAsItDidBefore() throws {
        try TestRun.withFolder { folder in
            _ = try plain(in: "\(folder)/old")
            let old = try InpaintingNetwork(directory: "\(folder)/old", requiresGradient: false)
            let configuration = RunConfiguration(method: .task, training: Self.training, start: "\(folder)/old")
            let trainer = try Trainer(configuration, folder: "\(folder)/run") { kept in
                try TaskObjective(
                    Self.shape.network(kept: kept, start: "\(folder)/old", Self.training), Self.training
                ) { Self.sampler.batch(step: $0, Self.training) }
            }
            try trainer.train()
            let network = try trainer.averagedNetwork()
            let none = fill(network, nil), brick = fill(network, "a brick wall")
            #expect(none == fill(old, nil))
            #expect(brick != none && brick != fill(network, "grass"))
            // From the fill without a prompt through the prompt's own and beyond.
            let strong = fill(network, "a brick wall", guidance: 3)
            #expect(
                zip(strong, zip(none, brick)).allSatisfy { abs($0 - (3 * $1.1 - 2 * $1.0)) < 0.2 } && strong != brick)

            try network.write(to: "\(folder)/new", index: Self.index, as: .float32)
            let pipeline = try InpaintingPipeline(directory: "\(folder)/new")
            #expect(pipeline.hasTextEncoder && pipeline.parameterCount == network.parameterCount)
            func piped(_ prompt: String?, _ guidance: Float? = nil) -> [Float] {
                let condition = pipeline.condition(prompt: prompt, guidance: guidance)
                let run = pipeline.start(
                    prefill: crops.prefills, mask: crops.masks, steps: 2, seed: 1, condition: condition)
                while run.completedSteps < run.totalSteps { run.step() }
                return run.tensor().values
            }
            let before = try InpaintingPipeline(directory: "\(folder)/old").fill(
                prefill: crops.prefills, mask: crops.masks, steps: 2, seed: 1
            ).values
            #expect(piped(nil) == before && piped("") == before && piped("a brick wall", 0) == before)
            #expect(zip(piped("a brick wall"), brick).allSatisfy { abs($0 - $1) < 1e-4 })
            #expect(zip(piped("a brick wall", 3), strong).allSatisfy { abs($0 - $1) < 1e-3 })
        }
    }

    /// "Red" is as red in a smooth sky as in gravel.
    @Test func theShiftIsInUnitsOfPixelsWhateverTheContrast() throws {
        let network = try InpaintingNetwork(Self.shape, seed: 3, requiresGradient: false)
        let bias = try #require(network.parameters.first { $0.name == "text_prior.conv_out.bias" }).variable
        bias.value.copyInPlace(from: Tensor(repeating: 0.125, shape: bias.shape))
        var random = SeededRandom(seed: 1)
        let rough = random.normalTensor([1, 3, 32, 32])
        let mask = Tensor((0..<1024).map { (8..<24).contains($0 % 32) ? 1 : 0 }, shape: [1, 1, 32, 32])
        for contrast in [Float(0), 0.2] {
            let prefill = Tensor(repeating: 0.5, shape: [1, 3, 32, 32]) + rough * contrast
            let filled = network.fill(prefill: prefill, mask: mask, steps: 1, seed: 1, captions: ["grass"])
            for (i, (new, old)) in zip(filled.values, prefill.values).enumerated() {
                let expected: Float = (8..<24).contains(i % 32) ? 0.125 : 0
                #expect(abs(new - old - expected) < 1e-5)
            }
        }
    }

    @Test func theGradientReachesThePriorAndTheWordsBeforeIt() throws {
        let network = awakened(
            try InpaintingNetwork(Self.shape, seed: 4).learningTextAlone(), "text_prior.")
        let objective = try TaskObjective(network, Self.training) { Self.sampler.batch(step: $0, Self.training) }
        try objective.losses(step: 0, batch: objective.makeBatch(0)).total.backward()
        func reached(_ prefix: String) -> [Bool] {
            network.parameters.filter { $0.name.hasPrefix(prefix) }.map {
                ($0.variable.gradient?.sumOfSquares ?? 0) > 0
            }
        }
        #expect(reached("text_prior.").allSatisfy { $0 } && reached("text_prior.").count == 10)
        #expect(reached("text_encoder.text_model.embeddings.token_embedding").contains(true))
        #expect(!reached("unet.conv_in").contains(true))
    }

    @Test func onlyTextLearnsWhereThereIsAPrior() throws {
        try TestRun.withFolder { folder in
            _ = try plain(in: folder)
            let error = #expect(throws: ModelError.self) {
                try Self.shape.network(kept: nil, start: folder, TestRun.textTraining)
            }
            #expect(error?.description.contains("--text-alone") == true)
        }
    }

    @Test func aStudentThatReadsTextGetsAPriorThatChangesNothing() throws {
        try TestRun.withFolder { folder in
            let old = awakened(try TestRun.textStudent.untrained(Self.training))
            try old.write(to: folder, index: Self.index, as: .float32)
            let new = try Self.shape.network(kept: nil, start: folder, Self.training)
            #expect(new.shape.text?.prior == TextPriorConfiguration(textDim: 16))
            #expect(zip(fill(new, "a brick wall"), fill(old, "a brick wall")).allSatisfy { abs($0 - $1) < 1e-4 })
        }
    }

    /// Photos teach what is filled without a prompt; what reads text stays as it is.
    @Test func photosDoNotChangeWhatReadsText() throws {
        let base = awakened(try Self.shape.untrained(Self.training))
        var configuration = SemiSupervisedConfiguration()
        configuration.replayMimicry = 1
        let stage = try SemiSupervisedStage(
            base: base, TestRun.textTraining, configuration, labelled: nil, unlabelled: Scenes(), teacher: nil)
        try stage.losses(step: 0, batch: stage.makeBatch(0)).total.backward()
        expectLearningWithoutText(stage.parameters)
    }

    private func expectLearningWithoutText(_ parameters: [(name: String, variable: Variable)]) {
        let learning = parameters.filter { $0.variable.gradient != nil }.map(\.name)
        #expect(learning.contains { $0.hasSuffix("conv_in.weight") })
        let text = ["text_encoder.", "text_prior.", "class_embedding.", ".attentions.0.transformer_blocks."]
        #expect(learning.filter { name in text.contains { name.contains($0) } } == [])
    }

    /// As `train --start` does with a student that has a text prior, where text is not asked for.
    @Test func scenesWithoutCaptionsDoNotChangeWhatReadsText() throws {
        var training = TestRun.training
        training.coarseLevels = 2
        let network = awakened(try Self.shape.untrained(training))
        let objective = try TaskObjective(network, training) { Self.sampler.batch(step: $0, Self.training) }
        try objective.losses(step: 0, batch: objective.makeBatch(0)).total.backward()
        expectLearningWithoutText(objective.parameters)
    }

    private struct Scenes: PhotoSource {
        let count = 2
        func photo(at index: Int) throws -> TrainingPhoto {
            let scene = SceneGenerator().scene(seed: UInt64(index), width: 64, height: 64)
            return TrainingPhoto(width: 64, height: 64, pixels: scene.pixels, caption: scene.caption)
        }
    }

    private static let damages: [(change: @Sendable (String) throws -> Void, code: ModelError.Code, word: String)] = [
        ({ try FileManager.default.removeItem(atPath: "\($0)/text_prior/config.json") }, .missingFile, "text_prior"),
        (
            { try FileManager.default.removeItem(atPath: "\($0)/text_prior/diffusion_pytorch_model.safetensors") },
            .missingFile, "text_prior"
        ),
        ({ try replace(#""text_dim" : 16"#, #""text_dim" : 8"#, in: $0) }, .badConfiguration, "text_dim 8"),
        ({ try replace(#""hidden_channels" : 48"#, #""hidden_channels" : 0"#, in: $0) }, .badConfiguration, "hidden"),
        ({ try replace("TextPriorModel", "PriorTransformer", in: $0) }, .unsupportedModel, "PriorTransformer"),
        (
            {
                try FileManager.default.removeItem(atPath: "\($0)/text_encoder")
                try FileManager.default.removeItem(atPath: "\($0)/tokenizer")
            }, .missingFile, "text encoder"
        ),
    ]

    private static func replace(_ old: String, _ new: String, in folder: String) throws {
        let path = "\(folder)/text_prior/config.json", text = try String(contentsOfFile: path, encoding: .utf8)
        try #require(text.contains(old), "\(text)")
        try text.replacingOccurrences(of: old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
    }

    @Test(arguments: damages.indices) func priorsThatDoNotFitAreRefused(_ i: Int) throws {
        try TestRun.withFolder { folder in
            try InpaintingNetwork(Self.shape, seed: 5).write(to: folder, index: Self.index, as: .float32)
            try Self.damages[i].change(folder)
            let error = #expect(throws: ModelError.self) { try InpaintingPipeline(directory: folder) }
            #expect(error?.code == Self.damages[i].code, "\(error.debugDescription)")
            #expect(error?.description.contains(Self.damages[i].word) == true, "\(error.debugDescription)")
        }
    }
}
