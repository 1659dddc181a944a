import Autograd
import Diffusion
import Distillation
import Foundation
import Layers
import TensorCore
import Testing

/// The training loop on small networks and simple scenes.
@Suite(.serialized) struct TrainerTests {
    /// Trains to `stops` in turn, each time with a new trainer, and returns the averaged weights.
    private func weights(
        in folder: String, stops: [Int], _ shape: NetworkShape = TestRun.student()
    ) throws -> [String: [Float]] {
        let training = shape.text == nil ? TestRun.training : TestRun.textTraining
        var result: [String: [Float]] = [:]
        for stop in stops {
            let trainer = try TestRun.trainer(in: folder, shape, training)
            try trainer.train(shouldStop: { trainer.step >= stop })
            #expect(trainer.step == stop)
            let network = try trainer.averagedNetwork()
            result = Dictionary(uniqueKeysWithValues: network.parameters.map { ($0.name, $0.variable.value.values) })
        }
        return result
    }

    @Test(arguments: [(teacher: false, text: false), (true, false), (false, true), (true, true)])
    func anInterruptedRunEndsWithTheSameWeightsAsAnUninterruptedOne(teacher: Bool, text: Bool) throws {
        let shape =
            teacher
            ? (text ? TestRun.textTeacher : TestRun.teacher()) : (text ? TestRun.textStudent : TestRun.student())
        let straight = try TestRun.withFolder { try weights(in: $0, stops: [4], shape) }
        let resumed = try TestRun.withFolder { try weights(in: $0, stops: [1, 3, 4], shape) }
        #expect(straight == resumed)
        // The last layer starts at zero, so anything else shows that it was trained.
        #expect(straight["unet.conv_out.weight"]?.contains { $0 != 0 } == true)
        #expect(straight.keys.contains { $0.hasPrefix("text_encoder.") } == (shape.text != nil))
    }

    @Test func aRunThatWasKilledBeforeItsFirstCheckpointBeginsWithTheWeightsItWasGiven() throws {
        try TestRun.withFolder { folder in
            let start = "\(folder)/start", training = TestRun.training
            try InpaintingNetwork(TestRun.student(), seed: 77, requiresGradient: false).write(
                to: start, index: ModelIndex(name: "start", generation: "1", defaultSteps: 1), as: .float32)
            func trainer() throws -> Trainer {
                try Trainer(.init(method: .task, training: training, start: start), folder: "\(folder)/run") { kept in
                    try TaskObjective(TestRun.student().network(kept: kept, start: start, training), training)
                }
            }
            // As if killed when it had begun: the folder is there, a checkpoint is not.
            _ = try trainer()
            let network = try trainer().objective.network
            let given = try InpaintingNetwork(directory: start, requiresGradient: false)
            #expect(
                network.parameters.map(\.variable.value.values) == given.parameters.map(\.variable.value.values))
        }
    }

    @Test func aTeachersControlNetLearnsWithItsUNet() throws {
        let trained = try TestRun.withFolder { try weights(in: $0, stops: [4], TestRun.teacher()) }
        for name in ["controlnet.controlnet_mid_block.weight", "controlnet.controlnet_down_blocks.0.weight"] {
            #expect(trained[name]?.contains { $0 != 0 } == true, "\(name)")
        }
    }

    @Test func linesAfterTheCheckpointAreWrittenAnew() throws {
        try TestRun.withFolder { folder in
            var schedule = Trainer.Schedule()
            schedule.metricsInterval = 1
            var first: Trainer? = try TestRun.trainer(in: folder)
            try first?.train(schedule, shouldStop: { first?.step == 2 })
            first = nil
            // As if killed after a step whose checkpoint was not reached, in the middle of a line.
            let file = URL(fileURLWithPath: "\(folder)/metrics.jsonl")
            let lines = try Data(contentsOf: file)
            let last = String(decoding: lines.split(separator: 0x0A)[1], as: UTF8.self)
            let lost = last.replacing("\"step\":2", with: "\"step\":3")
            try (lines + Data((lost + "\n" + lost.prefix(20)).utf8)).write(to: file)
            let second = try TestRun.trainer(in: folder)
            try second.train(schedule)
            #expect(try second.run.metrics().map(\.step) == [1, 2, 3, 4])
        }
    }

    @Test func aFolderWithOtherSettingsIsRefusedByTheNameOfWhatDiffers() throws {
        try TestRun.withFolder { folder in
            _ = try TestRun.trainer(in: folder)
            var other = TestRun.training
            other.learningRate = 1
            let error = #expect(throws: ModelError.self) {
                try TestRun.trainer(in: folder, TestRun.student(), other)
            }
            #expect(error?.code == .badConfiguration)
            #expect(error?.problem.contains("training.learningRate") == true)
            #expect(error?.problem.contains("seed") == false)
        }
    }

    @Test func aDamagedCheckpointIsRefused() throws {
        try TestRun.withFolder { folder in
            _ = try weights(in: folder, stops: [1])
            let file = URL(fileURLWithPath: "\(folder)/checkpoint-1/moments.safetensors")
            try Data(contentsOf: file).dropLast(9).write(to: file)
            let error = #expect(throws: ModelError.self) { try TestRun.trainer(in: folder) }
            #expect(error?.code == .damagedFile)
        }
    }

    /// Good steps, then one whose loss is not a number.
    private final class Failing: TrainingObjective {
        let network: InpaintingNetwork
        let makeBatch: @Sendable (Int) throws -> TrainingBatch
        private let good: TaskObjective

        init(_ network: InpaintingNetwork, _ training: TrainingConfiguration) throws {
            self.network = network
            good = try TaskObjective(network, training)
            makeBatch = good.makeBatch
        }

        func losses(step: Int, batch: TrainingBatch) throws -> StepLosses {
            var losses = try good.losses(step: step, batch: batch)
            if step == 2 { losses.total = losses.total * .nan }
            return losses
        }
    }

    @Test func aLossThatIsNotANumberStopsNamesTheStepAndKeepsTheLastState() throws {
        try TestRun.withFolder { folder in
            let training = TestRun.training
            let trainer = try Trainer(.init(method: .task, training: training), folder: folder) { kept in
                try Failing(TestRun.student().network(kept: kept, start: nil, training), training)
            }
            var schedule = Trainer.Schedule()
            schedule.checkpointInterval = 1
            let error = #expect(throws: TrainingError.self) { try trainer.train(schedule) }
            #expect(error.map(String.init(describing:))?.contains("step 2") == true)
            #expect(try TestRun.trainer(in: folder).step == 2)
        }
    }

    @Test func aTeacherThatIsWrittenIsReadBackWithItsControlNet() throws {
        try TestRun.withFolder { folder in
            let training = TestRun.training, network = try TestRun.teacher().untrained(training)
            // Zero at first: another number shows that it is kept.
            network.parameters.first { $0.name == "controlnet.controlnet_mid_block.weight" }?.variable.value.pointer[
                0] = 0.5
            let index = ModelIndex(name: "teacher", generation: "1", defaultSteps: 1)
            try network.write(to: folder, index: index, as: .float32)
            let read = try InpaintingNetwork(directory: folder, requiresGradient: false)
            #expect(read.shape == network.shape)
            for (a, b) in zip(network.parameters, read.parameters) {
                #expect(a.name == b.name && a.variable.value.values == b.variable.value.values)
            }
        }
    }

    @Test func aNewNetworkIsExactlyThePrefill() throws {
        let training = TestRun.training
        for shape in [TestRun.student(), TestRun.teacher()] {
            let batch = try TaskObjective(shape.untrained(training), training).makeBatch(0)
            let (_, prefill, mask, _) = batch.tensors()
            let fill = try shape.untrained(training).fill(prefill: prefill, mask: mask, steps: 2, seed: 1)
            #expect(fill.values == prefill.values)
        }
    }
}
