import Autograd
import Diffusion
import Distillation
import Foundation
import Layers
import TensorCore
import Testing

/// Networks that read captions, in training.
@Suite(.serialized) struct TextTrainingTests {
    private static let training = TestRun.textTraining
    private static let alone = {
        var training = TestRun.textTraining
        training.text?.learnsAlone = true
        return training
    }()
    /// Keeps what it draws, so that no scene is drawn twice.
    private static let sampler = CropSampler(training)

    private func objective(_ network: InpaintingNetwork) throws -> TaskObjective {
        try TaskObjective(network, Self.training) { Self.sampler.batch(step: $0, Self.training) }
    }

    /// Layers that start at zero hide what stands before them.
    private func awakened(_ network: InpaintingNetwork) -> InpaintingNetwork {
        var random = SeededRandom(seed: 10)
        for (_, variable) in network.parameters where variable.value.sumOfSquares == 0 {
            variable.value.copyInPlace(from: random.normalTensor(variable.shape) * 0.05)
        }
        return network
    }

    private func fill(_ network: InpaintingNetwork, _ caption: String?, guidance: Float = 1) -> [Float] {
        let (_, prefill, mask, _) = Self.sampler.batch(step: 0, count: 2, size: 32).tensors()
        return network.fill(
            prefill: prefill, mask: mask, steps: 2, seed: 1, captions: caption.map { [$0, $0] }, guidance: guidance
        ).values
    }

    @Test func theGradientReachesEveryPartAndTheTextEncoderToo() throws {
        for shape in [TestRun.textStudent, TestRun.textTeacher] {
            let network = awakened(try shape.untrained(Self.training))
            let objective = try objective(network)
            try objective.losses(step: 0, batch: objective.makeBatch(0)).total.backward()
            let silent = network.parameters.filter { ($0.variable.gradient?.sumOfSquares ?? 0) == 0 }.map(\.name)
            // Keys have no bias that matters: it adds the same to every score of a query.
            #expect(silent.allSatisfy { $0.hasSuffix("k_proj.bias") || $0.hasSuffix("to_k.bias") }, "\(silent)")
        }
    }

    @Test func anotherCaptionGivesAnotherFillAndNoneIsTheEmptyOne() throws {
        let network = awakened(try TestRun.textStudent.untrained(Self.training))
        let brick = fill(network, "a brick wall"), none = fill(network, nil)
        #expect(brick != fill(network, "grass") && brick != none)
        #expect(fill(network, "") == none)
        #expect(fill(network, "a brick wall", guidance: 3) != brick)
        #expect(fill(network, "", guidance: 3).elementsEqual(none) { abs($0 - $1) < 1e-5 })
    }

    @Test func aNetworkWithoutTextGetsItByAGraftThatChangesNothing() throws {
        try TestRun.withFolder { folder in
            let old = awakened(try TestRun.student().untrained(Self.training))
            try old.write(
                to: folder, index: ModelIndex(name: "old", generation: "1", defaultSteps: 1), as: .float32)
            let new = try TestRun.textStudent.network(kept: nil, start: folder, Self.training)
            #expect(new.shape.text == TestRun.text && new.shape.codec == old.shape.codec)
            #expect(fill(new, "a brick wall") == fill(old, nil))
            // One of other widths has no place for the weights.
            let wide = NetworkShape.student(codec: CodecConfiguration(), channels: [32, 32], text: TestRun.text)
            let error = #expect(throws: ModelError.self) {
                try wide.network(kept: nil, start: folder, Self.training)
            }
            #expect(error?.code == .wrongShape)
        }
    }

    @Test func aTeacherThatAttendedToZerosKeepsItsShapeAndGetsAnEncoder() throws {
        try TestRun.withFolder { folder in
            let old = awakened(try TestRun.teacher([16, 48]).untrained(Self.training))
            try old.write(
                to: folder, index: ModelIndex(name: "old", generation: "1", defaultSteps: 1), as: .float32)
            let new = try TestRun.textTeacher.network(kept: nil, start: folder, Self.training)
            #expect(new.shape.unet == old.shape.unet && new.shape.controlNet == old.shape.controlNet)
            #expect(new.shape.text?.encoder.hiddenSize == old.shape.unet.crossAttentionDim)
            #expect(fill(new, "a brick wall").elementsEqual(fill(old, nil)) { abs($0 - $1) < 1e-5 })
            // Silent, but not deaf: it can learn to speak.
            let objective = try objective(new)
            try objective.losses(step: 0, batch: objective.makeBatch(0)).total.backward()
            let norm = new.textEncoder?.parameters.all.first { $0.name.hasSuffix("final_layer_norm.weight") }
            #expect((norm?.variable.gradient?.sumOfSquares ?? 0) > 0)
        }
    }

    @Test func textThatLearnsAloneLeavesAllElseAsItWasAlsoWhenTheRunGoesOn() throws {
        try TestRun.withFolder { folder in
            let training = Self.alone
            let old = awakened(try TestRun.student().untrained(training))
            try old.write(
                to: "\(folder)/old", index: ModelIndex(name: "old", generation: "1", defaultSteps: 1), as: .float32)
            func weights(_ run: String, stops: [Int]) throws -> [String: [Float]] {
                var result: [String: [Float]] = [:]
                for stop in stops {
                    let configuration = RunConfiguration(method: .task, training: training, start: "\(folder)/old")
                    let trainer = try Trainer(configuration, folder: "\(folder)/\(run)") { kept in
                        try TaskObjective(
                            TestRun.textStudent.network(kept: kept, start: "\(folder)/old", training), training
                        ) { Self.sampler.batch(step: $0, training) }
                    }
                    try trainer.train(shouldStop: { trainer.step >= stop })
                    let network = try trainer.averagedNetwork()
                    result = Dictionary(
                        uniqueKeysWithValues: network.parameters.map { ($0.name, $0.variable.value.values) })
                }
                return result
            }
            let trained = try weights("straight", stops: [4])
            #expect(try weights("resumed", stops: [2, 4]) == trained)
            for (name, variable) in old.parameters { #expect(trained[name] == variable.value.values, "\(name)") }
            let shape = TestRun.textStudent
            let fresh = try shape.network(kept: nil, start: "\(folder)/old", training)
            let still = fresh.parameters.filter { trained[$0.name] == $0.variable.value.values }.map(\.name)
            // The encoder's layers keep what they began with: the first adds the mean of the words, nothing else adds.
            let layers = "text_encoder.\(CLIPTextModel.layersPrefix)"
            let kept = fresh.parameters.map(\.name).filter { $0.hasPrefix(layers) }
            #expect(!kept.isEmpty && Set(still).subtracting(old.parameters.map(\.name)) == Set(kept))
            let adding = kept.filter { $0.contains(".fc2.") }
            #expect(!adding.isEmpty && adding.allSatisfy { trained[$0]?.allSatisfy { $0 == 0 } ?? false })
            #expect(throws: ModelError.self) { try old.learningTextAlone() }
        }
    }

    @Test func aNetworkThatIsWrittenIsReadBackAndFillsAsThePipelineDoes() throws {
        try TestRun.withFolder { folder in
            let network = awakened(try TestRun.textStudent.untrained(Self.training))
            try network.write(
                to: folder, index: ModelIndex(name: "text", generation: "1", defaultSteps: 1), as: .float32)
            let read = try InpaintingNetwork(directory: folder, requiresGradient: false)
            #expect(read.shape == network.shape)
            // Not to the bit: where gradients are recorded, attention is computed otherwise.
            let same = zip(fill(read, "green grass", guidance: 2), fill(network, "green grass", guidance: 2)).allSatisfy
            {
                abs($0 - $1) < 1e-4
            }
            #expect(same)
            let pipeline = try InpaintingPipeline(directory: folder)
            #expect(pipeline.hasTextEncoder && pipeline.unknownWords(in: "a red dragon") == ["dragon"])
            let (_, prefill, mask, _) = Self.sampler.batch(step: 0, count: 2, size: 32).tensors()
            let run = pipeline.start(
                prefill: prefill, mask: mask, steps: 2, seed: 1,
                condition: pipeline.condition(prompt: "green grass", guidance: 2))
            while run.completedSteps < run.totalSteps { run.step() }
            let piped = zip(run.tensor().values, fill(network, "green grass", guidance: 2)).allSatisfy {
                abs($0 - $1) < 1e-4
            }
            #expect(piped)
            // Training goes on from it without being told of text again.
            #expect(try TestRun.student().network(kept: nil, start: folder, Self.training).shape == network.shape)
        }
    }

    @Test func captionsAreLeftOutByTheirShareUnlessTheHoleNeedsThem() throws {
        var training = Self.training
        func captions(drop: Float, step: Int = 0) throws -> (dropped: [String], batch: [TrainingBatch.Caption]) {
            training.text?.captionDrop = drop
            let batch = Self.sampler.batch(step: step, count: 24, size: 64)
            var random = training.noise(step: step)
            let noisy = try NoisyBatch(
                batch, codec: SpaceToDepthCodec(CodecConfiguration()), scheduler: DDIMScheduler(DDIMConfiguration()),
                options: training.noising, &random)
            return (noisy.captions, batch.captions)
        }
        let (all, batch) = try captions(drop: 0)
        #expect(all == batch.map(\.text) && batch.contains(where: \.mustStay) && batch.contains { !$0.mustStay })
        let (none, _) = try captions(drop: 1)
        #expect(none == batch.map { $0.mustStay ? $0.text : "" })
        let (half, _) = try captions(drop: 0.5)
        let again = try captions(drop: 0.5).dropped
        #expect(half != all && half != none && half == again)
    }

    @Test func errorsCountByTheSignalToNoiseRatioOfTheirTimestepUpToTheLimit() throws {
        var training = Self.training
        training.terminalShare = 0.2
        let batch = Self.sampler.batch(step: 0, count: 24, size: 32)
        let scheduler = try DDIMScheduler(DDIMConfiguration())
        func noisy(limit: Float?) throws -> NoisyBatch {
            training.signalToNoiseLimit = limit
            var random = training.noise(step: 0)
            return try NoisyBatch(
                batch, codec: SpaceToDepthCodec(CodecConfiguration()), scheduler: scheduler, options: training.noising,
                &random)
        }
        let plain = try noisy(limit: nil), weighed = try noisy(limit: 5)
        var gains: [Float] = []
        for (n, timestep) in plain.timesteps.enumerated() {
            let alpha = scheduler.alphasCumulative[timestep]
            let expected = Float(min(max(alpha / (1 - alpha), 1), 5)), size = plain.weight.count / batch.count
            let crop = (n * size)..<((n + 1) * size)
            #expect(crop.allSatisfy { abs(weighed.weight.values[$0] - expected * plain.weight.values[$0]) < 1e-6 })
            gains.append(expected)
        }
        #expect(gains.contains(1) && gains.contains(5) && gains.contains { $0 > 1 && $0 < 5 })
    }

    @Test func wideHolesComeByTheirShareAndShowMoreOfWhatCaptionsName() throws {
        var training = Self.training
        func filled(_ share: Float?) -> [Float] {
            training.text?.wideShare = share
            training.thinShare = 0
            let batch = CropSampler(training).batch(step: 0, count: 16, size: 64), area = 64 * 64
            return (0..<batch.count).map { n in batch.masks[(n * area)..<((n + 1) * area)].reduce(0, +) / Float(area) }
        }
        #expect(filled(1).allSatisfy { $0 >= 0.38 && $0 <= 0.8 })
        #expect(filled(nil).allSatisfy { $0 <= 0.36 })
        #expect(filled(0.5).contains { $0 >= 0.38 } && filled(0.5).contains { $0 <= 0.36 })
    }

    @Test func aStudentAndItsTeacherReadTheSameCaptionsEachInItsOwnWay() throws {
        let teacher = awakened(try InpaintingNetwork(TestRun.textTeacher, seed: 9, requiresGradient: false))
        func output(_ student: NetworkShape) throws -> Double {
            var weights = DistillationConfiguration()
            weights.featureWeight = 0
            func term(_ batch: TrainingBatch) throws -> Double? {
                try DistillationObjective(
                    try InpaintingNetwork(student, seed: 3), teacher: FrozenTeacher(teacher, givesFeatures: false),
                    Self.training, weights, makeBatch: { _ in batch }
                ).losses(step: 0, batch: batch).terms["output"]
            }
            let batch = Self.sampler.batch(step: 0, Self.training), spoken = try term(batch)
            #expect(try term(batch.withoutCaptions) != spoken)
            return try #require(spoken)
        }
        // A new student says nothing yet, so the term is what the teacher says: with its own encoder in both cases.
        #expect(abs(try output(TestRun.textStudent) - output(TestRun.student())) < 1e-6)
    }
}

extension TrainingBatch {
    fileprivate var withoutCaptions: TrainingBatch {
        TrainingBatch(
            count: count, size: size, images: images, prefills: prefills, masks: masks, weights: weights,
            captions: captions.map { _ in .init(text: "", mustStay: true) }, contents: contents)
    }
}
