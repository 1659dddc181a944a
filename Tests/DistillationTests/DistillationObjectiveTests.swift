import Autograd
import Diffusion
import Distillation
import Foundation
import Layers
import TensorCore
import Testing

@Suite(.serialized) struct DistillationObjectiveTests {
    private static let training = TestRun.training

    /// A teacher that says something: its last layer starts at zero otherwise.
    private func teacher(features: Bool = true, steps: Int? = nil, scale: Float? = nil) throws -> FrozenTeacher {
        var shape = TestRun.teacher([32, 48, 48])
        shape.codec.residualScale = try scale ?? student().shape.codec.residualScale
        let network = try InpaintingNetwork(shape, seed: 9, requiresGradient: false)
        var random = SeededRandom(seed: 10)
        for (name, variable) in network.parameters where name == "unet.conv_out.weight" {
            variable.value.copyInPlace(from: random.normalTensor(variable.shape) * 0.02)
        }
        return FrozenTeacher(network, givesFeatures: features, studentSteps: steps)
    }

    private func student() throws -> InpaintingNetwork { try TestRun.student().untrained(Self.training) }

    private func losses(
        _ change: (inout DistillationConfiguration) -> Void, teacher: FrozenTeacher
    ) throws -> (StepLosses, DistillationObjective) {
        var weights = DistillationConfiguration()
        change(&weights)
        let objective = try DistillationObjective(try student(), teacher: teacher, Self.training, weights)
        return (try objective.losses(step: 0, batch: objective.makeBatch(0)), objective)
    }

    @Test func everyTermIsLoggedAndTheTotalIsTheirWeightedSum() throws {
        let (losses, _) = try losses(
            {
                ($0.outputWeight, $0.featureWeight, $0.stepWeight) = (0.5, 2, 0.25)
            }, teacher: teacher(steps: 4))
        let terms = losses.terms
        #expect(Set(terms.keys) == ["task", "output", "feature", "step", "teacher"])
        let task = try #require(terms["task"]), output = try #require(terms["output"])
        let feature = try #require(terms["feature"]), step = try #require(terms["step"])
        let sum = task + 0.5 * output + 2 * feature + 0.25 * step
        #expect(abs(Double(losses.total.value.scalar) - sum) < 1e-4 * sum)
        #expect(terms.values.allSatisfy { $0 > 0 })
    }

    @Test(arguments: ["output", "feature", "step"])
    func aTermOfWeightZeroIsLeftOut(_ name: String) throws {
        let (losses, _) = try losses(
            {
                $0.stepWeight = 1
                switch name {
                case "output": $0.outputWeight = 0
                case "feature": $0.featureWeight = 0
                default: $0.stepWeight = 0
                }
            }, teacher: teacher(features: name != "feature", steps: name == "step" ? nil : 4))
        #expect(losses.terms[name] == nil && losses.terms["task"] != nil)
    }

    @Test func theGradientReachesTheStudentAndTheProjectionsOnly() throws {
        let frozen = try teacher(steps: 4)
        let (losses, objective) = try losses({ $0.stepWeight = 1 }, teacher: frozen)
        losses.total.backward()
        let missing = objective.parameters.filter { $0.variable.gradient == nil }.map(\.name)
        #expect(missing.isEmpty, "\(missing)")
        #expect(objective.parameters.contains { $0.name.hasPrefix("alignment.") })
        #expect(frozen.network.parameters.allSatisfy { $0.variable.gradient == nil })
    }

    @Test func aStudentEqualToItsTeacherMimicsItAlready() throws {
        let shape = try student().shape
        let network = try InpaintingNetwork(shape, seed: 9)
        var random = SeededRandom(seed: 10)
        for (name, variable) in network.parameters where name == "unet.conv_out.weight" {
            variable.value.copyInPlace(from: random.normalTensor(variable.shape) * 0.02)
        }
        var weights = DistillationConfiguration()
        weights.featureWeight = 0
        let objective = try DistillationObjective(
            network, teacher: FrozenTeacher(network, givesFeatures: false), Self.training, weights)
        let terms = try objective.losses(step: 1, batch: objective.makeBatch(1)).terms
        #expect(try #require(terms["output"]) < 1e-9)
        #expect(try #require(terms["task"]) > 0.1)
    }

    @Test func aTeacherWithAnotherScaleOfResidualsIsConverted() throws {
        // The same function of pixels: half the unit, so inputs and outputs are twice as large. At the last timestep
        // x_t is noise alone, so the input is the same and only the output changes.
        var training = Self.training
        training.terminalShare = 1
        let own = try student().shape.codec.residualScale
        func output(_ scale: Float) throws -> Double {
            var weights = DistillationConfiguration()
            weights.featureWeight = 0
            let objective = try DistillationObjective(
                student(), teacher: teacher(features: false, scale: scale), training, weights)
            return try #require(try objective.losses(step: 0, batch: objective.makeBatch(0)).terms["output"])
        }
        let same = try output(own), half = try output(own / 2)
        // An untrained student says 0, so the error is the square of what the teacher says.
        #expect(abs(half / same - 0.25) < 1e-3)
    }

    @Test func aTeacherWithAnotherCodecIsRefused() throws {
        var shape = TestRun.teacher()
        shape.codec.contrastFloor = 0.5
        let other = FrozenTeacher(try InpaintingNetwork(shape, seed: 1), givesFeatures: true)
        let error = #expect(throws: ModelError.self) {
            try DistillationObjective(try student(), teacher: other, Self.training, DistillationConfiguration())
        }
        #expect(error?.code == .unsupportedModel)
    }

    @Test func aDistillationThatIsInterruptedEndsWithTheSameWeights() throws {
        var configuration = RunConfiguration(method: .distillation, training: Self.training)
        configuration.distillation = DistillationConfiguration()
        func weights(_ folder: String, stops: [Int]) throws -> [[Float]] {
            var result: [[Float]] = []
            for stop in stops {
                let trainer = try Trainer(configuration, folder: folder) { kept in
                    let student = try TestRun.student().network(kept: kept, start: nil, Self.training)
                    return try DistillationObjective(
                        student, teacher: teacher(), Self.training, DistillationConfiguration())
                }
                try trainer.train(shouldStop: { trainer.step >= stop })
                result = try trainer.averagedNetwork().parameters.map(\.variable.value.values)
            }
            return result
        }
        let straight = try TestRun.withFolder { try weights($0, stops: [4]) }
        let resumed = try TestRun.withFolder { try weights($0, stops: [2, 4]) }
        #expect(straight == resumed)
    }
}
