import Autograd
import Diffusion
import Distillation
import Layers
import TensorCore
import Testing

@Suite struct CoarseSupervisionTests {
    private static let shape = TestRun.student([16, 32, 64])

    private static func features(learns: Bool) -> [StageFeature] {
        var random = SeededRandom(seed: 5)
        // Folded, the crops have 8x8 positions; up(0) is the coarsest.
        return [(64, 2), (32, 4), (16, 8)].enumerated().map { i, size in
            StageFeature(
                stage: .up(i),
                value: Variable(random.normalTensor([2, size.0, size.1, size.1]), requiresGradient: learns))
        }
    }

    /// Folded, [2, 48, 8, 8]; half of the errors count nothing.
    private static func target() -> (clean: Tensor, weight: Tensor) {
        var random = SeededRandom(seed: 6)
        let clean = random.normalTensor([2, 48, 8, 8]), weight = Tensor(repeating: 0, shape: [2, 48, 8, 8])
        for i in 0..<weight.count { weight.pointer[i] = max(0, random.uniform() - 0.5) }
        return (clean, weight)
    }

    /// The squared error of stage `i` by the definition, pixel by pixel in double precision.
    private static func naive(
        _ prediction: Tensor, _ clean: Tensor, _ weight: Tensor, side: Int
    ) -> Double {
        let folded = (clean.depthToSpace(4), weight.depthToSpace(4)), predicted = prediction.depthToSpace(4)
        let full = folded.0.shape[2], scale = full / side
        var sum = 0.0
        for plane in 0..<6 {
            for y in 0..<side {
                for x in 0..<side {
                    var total = 0.0, product = 0.0
                    for dy in 0..<scale {
                        for dx in 0..<scale {
                            let at = (plane * full + y * scale + dy) * full + x * scale + dx
                            total += Double(folded.1.pointer[at])
                            product += Double(folded.1.pointer[at]) * Double(folded.0.pointer[at])
                        }
                    }
                    guard total > 0 else { continue }
                    let error = Double(predicted.pointer[(plane * side + y) * side + x]) - product / total
                    sum += total * error * error
                }
            }
        }
        return sum
    }

    @Test func theLossIsThatOfTheResidualAtEachStagesScale() throws {
        let supervision = try CoarseSupervision(Self.shape, seed: 1)
        let features = Self.features(learns: false), (clean, weight) = Self.target()
        let weights = supervision.parameters.tensors
        var expected = 0.0
        for i in 0..<2 {
            let kernel = try #require(weights["projections.\(i).weight"])
            let bias = try #require(weights["projections.\(i).bias"])
            let feature = features[i].value.value, positions = feature.shape[2] * feature.shape[3]
            let prediction = Tensor(repeating: 0, shape: [2, 48, feature.shape[2], feature.shape[3]])
            for n in 0..<2 {
                for output in 0..<48 {
                    for p in 0..<positions {
                        var sum = bias.pointer[output]
                        for input in 0..<feature.shape[1] {
                            sum +=
                                kernel.pointer[output * feature.shape[1] + input]
                                * feature.pointer[(n * feature.shape[1] + input) * positions + p]
                        }
                        prediction.pointer[(n * 48 + output) * positions + p] = sum
                    }
                }
            }
            expected += Self.naive(prediction, clean, weight, side: feature.shape[2] * 4) / 2
        }
        let loss = Double(supervision.loss(features, clean: clean, weight: weight).value.scalar)
        #expect(abs(loss - expected) < 1e-4 * expected)
    }

    @Test func theGradientReachesTheCoarseStagesAndTheProjectionsOnly() throws {
        let supervision = try CoarseSupervision(Self.shape, seed: 1)
        let features = Self.features(learns: true), (clean, weight) = Self.target()
        supervision.loss(features, clean: clean, weight: weight).backward()
        #expect(features.map { $0.value.gradient != nil } == [true, true, false])
        #expect(supervision.parameters.all.allSatisfy { $0.variable.gradient != nil })
    }

    @Test func aRunLogsTheCoarseErrorAndExportsTheNetworkAlone() throws {
        try TestRun.withFolder { folder in
            var training = TestRun.training
            training.coarseWeight = 0.5
            let trainer = try TestRun.trainer(in: folder, Self.shape, training)
            var schedule = Trainer.Schedule()
            schedule.metricsInterval = 1
            try trainer.train(schedule)
            let metrics = try #require(try trainer.run.metrics().last)
            let (task, coarse) = (try #require(metrics.terms?["task"]), try #require(metrics.terms?["coarse"]))
            #expect(coarse > 0 && abs(metrics.loss - (task + 0.5 * coarse)) < 1e-5 * metrics.loss)
            #expect(try trainer.averagedNetwork().parameters.allSatisfy { !$0.name.hasPrefix("coarse") })
            // Its projections are in the checkpoint: the run can be gone on with.
            #expect(try TestRun.trainer(in: folder, Self.shape, training).isFinished)
        }
    }

    @Test func renewingTakesTheCoarsestLevelsAndTheMiddleAlone() throws {
        let network = try InpaintingNetwork(Self.shape, seed: 1)
        let before = network.unet.parameters.tensors.mapValues(\.values)
        try network.renewCoarsestLevels(1, seed: 2)
        let changed = network.unet.parameters.tensors.filter { $0.value.values != before[$0.key] }.keys
        let blocks = Set(changed.map { $0.split(separator: ".").prefix(2).joined(separator: ".") })
        #expect(blocks.contains("down_blocks.2") && blocks.contains("up_blocks.0"))
        #expect(blocks.allSatisfy { $0 == "down_blocks.2" || $0 == "up_blocks.0" || $0.hasPrefix("mid_block") })
        #expect(throws: ModelError.self) { try network.renewCoarsestLevels(3, seed: 2) }
    }
}
