import Autograd
import Diffusion
import Distillation
import Foundation
import Layers
import TensorCore
import Testing

@Suite(.serialized) struct SemiSupervisedStageTests {
    /// Drawn photos; some fail as damaged files do, some are too small.
    private struct Photos: PhotoSource {
        var count = 4
        var damaged: Set<Int> = []
        var small: Set<Int> = []

        struct Damaged: Error, CustomStringConvertible { var description: String { "the file is damaged" } }

        func photo(at index: Int) throws -> TrainingPhoto {
            if damaged.contains(index) { throw Damaged() }
            let side = small.contains(index) ? 20 : 80
            let scene = SceneGenerator().scene(seed: UInt64(index), width: side, height: side)
            return TrainingPhoto(width: side, height: side, pixels: scene.pixels, caption: scene.caption)
        }
    }

    private static let training = TestRun.training

    /// A base that says something: its last layer starts at zero otherwise.
    private func base() throws -> InpaintingNetwork {
        var shape = TestRun.student()
        shape.codec.residualScale = 0.5
        let network = try InpaintingNetwork(shape, seed: 9, requiresGradient: false)
        var random = SeededRandom(seed: 10)
        for (name, variable) in network.parameters where name == "unet.conv_out.weight" {
            variable.value.copyInPlace(from: random.normalTensor(variable.shape) * 0.02)
        }
        return network
    }

    private func stage(
        _ photos: Photos = Photos(), labelled: Photos? = nil, teacher: InpaintingNetwork? = nil,
        _ change: (inout SemiSupervisedConfiguration) -> Void = { _ in }
    ) throws -> SemiSupervisedStage {
        var configuration = SemiSupervisedConfiguration()
        change(&configuration)
        return try SemiSupervisedStage(
            base: base(), Self.training, configuration, labelled: labelled, unlabelled: photos, teacher: teacher)
    }

    private func weights(
        _ folder: String, stops: [Int], _ change: (inout SemiSupervisedConfiguration) -> Void = { _ in }
    ) throws -> [String: [Float]] {
        var result: [String: [Float]] = [:]
        for stop in stops {
            let trainer = try Trainer(.init(method: .finetuning, training: Self.training), folder: folder) { _ in
                try stage(Photos(), change)
            }
            try trainer.train(shouldStop: { trainer.step >= stop })
            let network = try trainer.averagedNetwork()
            result = Dictionary(uniqueKeysWithValues: network.parameters.map { ($0.name, $0.variable.value.values) })
        }
        return result
    }

    @Test(arguments: [nil, 2])
    func aStageThatIsInterruptedEndsWithTheSameWeights(rank: Int?) throws {
        let straight = try TestRun.withFolder { try weights($0, stops: [4]) { $0.adapterRank = rank } }
        let resumed = try TestRun.withFolder { try weights($0, stops: [1, 3, 4]) { $0.adapterRank = rank } }
        #expect(straight == resumed)
        let start = try base().parameters.map { ($0.name, $0.variable.value.values) }
        #expect(start.contains { straight[$0.0] != $0.1 })
    }

    @Test func adaptersChangeMatricesByTheirRankAndNothingElse() throws {
        let tuned = try TestRun.withFolder { try weights($0, stops: [4]) { $0.adapterRank = 1 } }
        for (name, variable) in try base().parameters {
            let before = variable.value.values, after = try #require(tuned[name])
            guard variable.shape.count > 1, min(variable.shape[0], before.count / variable.shape[0]) > 1 else {
                #expect(before == after, "\(name)")
                continue
            }
            // Rank one: every 2x2 minor of the change is zero.
            let change = zip(after, before).map { Double($0 - $1) }, columns = before.count / variable.shape[0]
            let largest = change.map(abs).max() ?? 0
            for (r, c) in [(0, 0), (variable.shape[0] - 2, columns - 2)] {
                let minor =
                    change[r * columns + c] * change[(r + 1) * columns + c + 1]
                    - change[r * columns + c + 1] * change[(r + 1) * columns + c]
                #expect(abs(minor) <= 1e-3 * largest * largest + 1e-12, "\(name)")
            }
        }
    }

    @Test func whileNothingHasChangedThePseudoTargetIsWhatTheStudentSays() throws {
        let stage = try stage()
        try stage.begin(
            averages: Dictionary(uniqueKeysWithValues: stage.parameters.map { ($0.name, $0.variable.value) }))
        let terms = try stage.losses(step: 0, batch: stage.makeBatch(0)).terms
        #expect(try #require(terms["pseudo"]) < 1e-9)
        #expect(try #require(terms["task"]) > 0)
    }

    /// Nothing but scenes, so that every crop replays: they have the base's answer for a target, and no other.
    @Test func replayedCropsThatMimicTheBaseHoldItWhereItIs() throws {
        let stage = try stage { ($0.unlabelledShare, $0.pseudoWeight, $0.replayMimicry) = (0, 0, 4) }
        let batch = try stage.makeBatch(0)
        let still = try stage.losses(step: 0, batch: batch)
        #expect(try #require(still.terms["task"]) == 0)
        #expect(try #require(still.terms["replay"]) < 1e-9)
        let last = try #require(stage.parameters.first { $0.name == "unet.conv_out.weight" }?.variable.value)
        last.copyInPlace(from: last * 1.5)
        let moved = try #require(stage.losses(step: 0, batch: batch).terms["replay"])
        #expect(moved > 1e-6)
    }

    @Test func whatIsFilledWellIsHeldTightly() {
        let weight = Tensor(repeating: 0.25, shape: [3, 2]), truth = Tensor(repeating: 1, shape: [3, 2])
        // Off by 2, by 1 and by nothing; the first crop is not held.
        let answer = Tensor([3, -1, 2, 0, 1, 1], shape: [3, 2])
        let divided = weight.dividedByErrors(of: answer, from: truth, first: 1, least: 0.125)
        #expect(divided.values == [0.25, 0.25, 0.25 / 1.5, 0.25 / 1.5, 2, 2])
    }

    /// Photos alone learn what was under the hole; a part of each batch is held.
    @Test func photosBesideCropsThatMimicTheBaseHaveTheirOwnTruth() throws {
        let stage = try stage { ($0.unlabelledShare, $0.pseudoWeight, $0.replayMimicry) = (0.5, 0, 4) }
        let whole = try self.stage { ($0.unlabelledShare, $0.pseudoWeight) = (0.5, 0) }
        let batch = try stage.makeBatch(0)
        let terms = try stage.losses(step: 0, batch: batch).terms
        let all = try #require(whole.losses(step: 0, batch: batch).terms["task"])
        let photos = try #require(terms["task"])
        #expect(photos > 0 && photos < all)
        #expect(try #require(terms["replay"]) < 1e-9)
    }

    @Test func pseudoTargetsComeFromTheTeacherWhereThereIsOne() throws {
        var shape = TestRun.teacher()
        shape.codec.residualScale = 0.5
        let stage = try stage(teacher: try InpaintingNetwork(shape, seed: 3, requiresGradient: false))
        try stage.begin(averages: [:])
        // An untrained teacher says 0, the base does not.
        #expect(try #require(try stage.losses(step: 0, batch: stage.makeBatch(0)).terms["pseudo"]) > 1e-6)
    }

    @Test func photosThatCannotBeUsedAreLeftOutAndListed() throws {
        let stage = try stage(Photos(damaged: [0], small: [2])) { $0.unlabelledShare = 1 }
        for step in 0..<12 { #expect(try stage.makeBatch(step).count == Self.training.batch / (step % 3 == 2 ? 2 : 1)) }
        #expect(stage.skipped.unlabelled[0] == "the file is damaged")
        #expect(stage.skipped.unlabelled[2]?.contains("20x20") == true)
        #expect(stage.skipped.unlabelled.count == 2)
    }

    @Test func aSourceWithoutPhotosOrWithNoneThatCanBeUsedIsAnError() throws {
        #expect(throws: StageError.self) { try stage(Photos(count: 0)) }
        #expect(throws: StageError.self) { try stage(labelled: Photos(count: 0)) }
        let unusable = try stage(Photos(count: 2, damaged: [0], small: [1])) { $0.unlabelledShare = 1 }
        let error = #expect(throws: StageError.self) { try unusable.makeBatch(0) }
        #expect(error.map(String.init(describing:))?.contains("2 were left out") == true)
    }

    @Test(arguments: [Float(0), 0.5, 1])
    func labelledPicturesFillTheRestOfABatch(share: Float) throws {
        // Photos have captions here and simple scenes have none, so captions tell where a crop comes from.
        let stage = try stage { $0.unlabelledShare = share }
        var photos = 0, all = 0
        for step in 0..<9 {
            let captions = try stage.makeBatch(step).captions.map(\.text)
            photos += captions.count { !$0.isEmpty }
            all += captions.count
        }
        #expect(abs(Float(photos) / Float(all) - share) < 0.2)
    }
}
