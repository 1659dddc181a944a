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
            let set = ValidationSet(scenesOf: 5, count: 2, size: 64)
            try FileManager.default.createDirectory(atPath: "\(folder)/fills/Grey", withIntermediateDirectories: true)
            try Safetensors.write(
                ["fills": Tensor(repeating: 0.5, shape: set.images.shape)],
                to: "\(folder)/fills/Grey/scenes-64.safetensors")
            let table = try AblationTable(configuration, trained, sets: [set], folder: folder)
            let classical = ["harmonic fill", "biharmonic fill", "plate in tension (pre-fill)"]
            #expect(
                table.rows.map(\.name) == ["Grey"] + classical + ["teacher"] + AblationArm.allCases.map(\.title))
            for row in table.rows {
                let figures = try #require(row.oneStep["scenes-64"])
                let psnr = try #require(figures["psnr"]?.value), ssim = try #require(figures["ssim"]?.value)
                #expect(psnr > 5 && psnr <= 60 && ssim > -1 && ssim <= 1)
                #expect(figures["swd"]?.value != nil)
                #expect(figures["fid"] == .notMeasured("weights not installed"))
                #expect((row.parameters == nil) == row.moreSteps.isEmpty)
            }
            // What other programs are to fill is what was measured.
            let crops = try Safetensors.read("\(folder)/crops/scenes-64.safetensors").tensors
            #expect(crops["images"]?.values == set.images.values)
            let lines = table.markdown().split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.contains("FID: not measured: weights not installed"))
            // Networks alone cost something and have more steps; every fill has one.
            #expect(lines.count { $0.hasPrefix("| Grey") } == 1 && lines.count { $0.hasPrefix("| teacher") } == 3)
        }
    }

    @Test func limitsTellOfTheTeachersErrorsAndOfEveryKindOfLibrary() throws {
        try TestRun.withFolder { folder in
            let configuration = try configuration(folder, [.scratch, .taskOutput, .trilevel])
            let ablation = try Ablation(configuration, folder: folder, photos: Photos())
            let trained = try #require(
                try ablation.train(.init(), report: { _, _, _, _ in }, shouldStop: { false }))
            let sets = [ValidationSet(scenesOf: 5, count: 3, size: 64)]
            func limits(_ shouldStop: @escaping () -> Bool) throws -> AblationLimits? {
                try ablation.limits(
                    of: trained, sets: sets, weights: .init(), schedule: .init(), progress: { _ in },
                    shouldStop: shouldStop)
            }
            var asked = 0
            let stopped = try limits {
                asked += 1
                return asked > 3
            }
            #expect(stopped == nil)
            let found = try #require(try limits { false })
            #expect(found.libraries.map(\.library) == [nil] + LibraryVariant.allCases)
            #expect(found.libraries.dropFirst().allSatisfy { $0.steps == configuration.secondStageSteps })
            #expect(found.libraries.allSatisfy { $0.oneStep["scenes-64"]?["psnr"]?.value != nil })
            let students = Set(found.bias.rows.map(\.arm))
            #expect(students == [.taskOutput, .trilevel])
            for row in found.bias.rows where row.content == "all" {
                #expect(row.crops == 3 && abs(row.correlation) <= 1 && abs(row.scratchCorrelation) <= 1)
            }
            let text = found.markdown()
            #expect(text.contains("| nine in ten duplicates | 1 | 2 |"), "\(text)")
            #expect(text.contains("(b) task + output"), "\(text)")
        }
    }

    @Test func errorsThatAreTheTeachersCorrelateFullyAndOppositeOnesNot() {
        let set = ValidationSet(scenesOf: 5, count: 2, size: 64), references = set.samples
        func errors(_ offset: (Int) -> Float) -> TeacherBias.Errors {
            let fills = set.images.copy()
            for i in 0..<fills.count { fills.pointer[i] = 0.5 * fills.pointer[i] + 0.25 + offset(i) }
            return TeacherBias.Errors(fills, references)
        }
        let one = errors { $0 % 2 == 0 ? 0.1 : -0.1 }, other = errors { $0 % 3 == 0 ? 0.1 : -0.05 }
        #expect(abs(one.correlation(one, [0, 1]) - 1) < 1e-6)
        let mixed = one.correlation(other, [0, 1])
        #expect(mixed < 0.99 && abs(mixed - other.correlation(one, [0, 1])) < 1e-9)
    }

    @Test(arguments: LibraryVariant.allCases)
    func librariesAreWhatTheirNamesSay(_ variant: LibraryVariant) throws {
        struct Burst: PhotoSource {
            let count = 20
            func photo(at index: Int) throws -> TrainingPhoto {
                var pixels = [UInt8](repeating: UInt8(index), count: 3 * 64 * 64)
                // One white column.
                for row in 0..<64 { for c in 0..<3 { pixels[(row * 64 + 32) * 3 + c] = 255 } }
                return TrainingPhoto(width: 64, height: 64, pixels: pixels)
            }
        }
        let library = variant.library(of: Burst())
        let photos = try (0..<library.count).map(library.photo)
        switch variant {
        case .whole: #expect(photos.map { $0.pixels[0] } == (0..<20).map { UInt8($0) })
        case .tiny: #expect(photos.map { $0.pixels[0] } == [0, 6, 13])
        case .blurry:
            // A triangle over four pixels to each side, of the same sum.
            let row = (0..<64).map { Int(photos[0].pixels[$0 * 3]) }
            #expect(row[32] > 20 && row[32] < 40 && row[24] > 0 && row[23] == 0 && row[41] == 0)
            #expect(abs(row.reduce(0, +) - 255) < 20)
        case .duplicates:
            #expect(photos.count { $0.pixels[0] <= 3 } == 18)
            #expect(photos[9].pixels[0] == 9)
        case .offTopic: #expect(photos[0].width == 512 && photos[0].pixels != photos[1].pixels)
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
