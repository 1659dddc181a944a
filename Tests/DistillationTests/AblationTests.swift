import Diffusion
import Distillation
import Foundation
import Layers
import TensorCore
import Testing

@Suite(.serialized) struct AblationTests {
    private struct Photos: PhotoSource {
        let count = 2
        func photo(at index: Int) throws -> TrainingPhoto {
            let scene = SceneGenerator().scene(seed: UInt64(index), width: 80, height: 80)
            return TrainingPhoto(width: 80, height: 80, pixels: scene.pixels)
        }
    }

    private func configuration(
        _ folder: String, _ arms: [AblationArm] = AblationArm.allCases
    ) throws -> AblationConfiguration {
        let teacher = "\(folder)/teacher"
        if !FileManager.default.fileExists(atPath: teacher) {
            // A level more than the student: else equal indices would pair as the alignment does.
            var shape = TestRun.teacher([32, 48, 48])
            shape.codec.residualScale = 0.5
            let network = try InpaintingNetwork(shape, seed: 9, requiresGradient: false)
            var random = SeededRandom(seed: 10)
            for (name, variable) in network.parameters where name == "unet.conv_out.weight" {
                variable.value.copyInPlace(from: random.normalTensor(variable.shape) * 0.02)
            }
            try network.write(
                to: teacher, index: ModelIndex(name: "teacher", generation: "1", defaultSteps: 1), as: .float32)
        }
        var configuration = AblationConfiguration(training: TestRun.training, teacher: teacher)
        configuration.training.steps = 3
        (configuration.arms, configuration.channels, configuration.secondStageSteps) = (arms, [16, 32], 2)
        configuration.samplingSteps = 2
        return configuration
    }

    private func train(
        _ configuration: AblationConfiguration, in folder: String, stopAfter limit: Int = .max
    ) throws -> [Ablation.Trained]? {
        var count = 0
        return try Ablation(configuration, folder: folder, photos: Photos()).train(
            .init(), report: { _, _, _, _ in count += 1 }, shouldStop: { count >= limit })
    }

    private func weights(_ trained: Ablation.Trained) -> [[Float]] {
        trained.network.parameters.map(\.variable.value.values)
    }

    @Test func everyArmIsTrainedAndTheyDiffer() throws {
        try TestRun.withFolder { folder in
            let configuration = try configuration(folder)
            let trained = try #require(try train(configuration, in: folder))
            #expect(trained.map(\.arm) == AblationArm.allCases)
            #expect(trained.map(\.steps) == AblationArm.allCases.map { $0 == .secondStage ? 5 : 3 })
            for (i, one) in trained.enumerated() {
                for other in trained[(i + 1)...] {
                    // In networks of equally many stages these two pair them alike.
                    if one.arm == .trilevel, other.arm == .equalIndex { continue }
                    #expect(weights(one) != weights(other), "\(one.arm) and \(other.arm)")
                }
            }
            let sets = [ValidationSet(scenesOf: 5, count: 2, size: 64)]
            let table = try AblationTable(configuration, trained, sets: sets)
            #expect(
                table.rows.map(\.name) == ["harmonic fill", "plate in tension (pre-fill)", "teacher"]
                    + AblationArm.allCases.map(\.title))
            for row in table.rows {
                let figures = try #require(row.oneStep["scenes 64"])
                #expect(figures.mean > 5 && figures.mean <= 60 && figures.ssim > -1 && figures.ssim <= 1)
            }
            let lines = table.markdown().split(separator: "\n")
            #expect(lines.count == 3 + table.rows.count)
            #expect(Set(lines.dropFirst().map { $0.count { $0 == "|" } }).count == 1)
        }
    }

    @Test func aComparisonThatIsStoppedGoesOnToTheSameWeights() throws {
        let arms: [AblationArm] = [.taskOutput, .trilevel, .scratch]
        let whole = try TestRun.withFolder { try train(try configuration($0, arms), in: $0)?.map(weights) }
        let stopped = try TestRun.withFolder { folder in
            let configuration = try configuration(folder, arms)
            // In the middle of a step of the two that share the teacher, then in the one that trains alone.
            for limit in [3, 4] { #expect(try train(configuration, in: folder, stopAfter: limit) == nil) }
            return try train(configuration, in: folder)?.map(weights)
        }
        #expect(whole != nil && whole == stopped)
    }

    @Test func anArmWhoseTimeIsOverStopsAndTheOthersGoOn() throws {
        try TestRun.withFolder { folder in
            var configuration = try configuration(folder, [.scratch])
            configuration.minutesPerArm = 1e-9
            let trained = try #require(try train(configuration, in: folder))
            #expect(trained.map(\.steps) == [1])
        }
    }
}
