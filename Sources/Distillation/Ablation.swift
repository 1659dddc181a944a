import Diffusion
import Foundation
import Glibc
import Layers
import TensorCore

/// Trains the arms of a comparison, each in a run folder of its own below `folder`, at equal budget and seed.
///
/// Arms that ask the same teacher go step by step beside each other, so that it answers once for all of them. A
/// comparison that was stopped goes on where it stopped.
public final class Ablation {
    public let configuration: AblationConfiguration
    public let folder: String
    let teacher: InpaintingNetwork
    /// Of stage 2.
    let photos: (any PhotoSource)?

    /// - Parameters:
    ///   - configuration: arms, seeds and what they train on.
    ///   - folder: where the runs of all arms lie; what is there goes on.
    ///   - photos: of stage 2, for arm (e).
    /// - Throws: `ModelError` when the teacher cannot be read.
    public init(_ configuration: AblationConfiguration, folder: String, photos: (any PhotoSource)?) throws {
        self.configuration = configuration
        self.folder = folder
        self.photos = photos
        teacher = try InpaintingNetwork(directory: configuration.teacher, requiresGradient: false)
    }

    /// An arm that has been trained.
    public struct Trained {
        public let arm: AblationArm
        public let seed: UInt64
        public let steps: Int
        public let network: InpaintingNetwork
    }

    /// Trains what has not been trained yet.
    /// - Parameters:
    ///   - schedule: of each arm's run.
    ///   - report: called after every step with the arm, the seed, its step and the share of the pre-fill's error left.
    ///   - shouldStop: asked before every step.
    /// - Returns: every arm of every seed, or nil when `shouldStop` ended it.
    public func train(
        _ schedule: Trainer.Schedule, report: (AblationArm, UInt64, Int, Double) -> Void, shouldStop: () -> Bool
    ) throws -> [Trained]? {
        var result: [Trained] = []
        for seed in configuration.seeds {
            var trainers: [AblationArm: Trainer] = [:]
            let shared = configuration.arms.filter(\.sharesTeacher)
            let alone = configuration.arms.filter { !$0.sharesTeacher && $0 != .secondStage }
            let frozen = FrozenTeacher(teacher, givesFeatures: shared.contains { $0 != .taskOutput })
            for group in [shared] + alone.map({ [$0] }) {
                for arm in group { trainers[arm] = try trainer(arm, seed: seed, frozen) }
                let members = group.compactMap { arm in trainers[arm].map { (arm, $0) } }
                guard try run(members, seed: seed, schedule, report, shouldStop) else { return nil }
            }
            if configuration.arms.contains(.secondStage) {
                let first = try trainers[.trilevel] ?? trainer(.trilevel, seed: seed, frozen)
                guard let photos else { throw StageError.noUsablePhotos(skipped: 0) }
                let second = try stage2(
                    after: first.averagedNetwork(), on: photos, seed: seed, folder: path(.secondStage, seed))
                guard try run([(.secondStage, second)], seed: seed, schedule, report, shouldStop) else { return nil }
                trainers[.secondStage] = second
            }
            for arm in configuration.arms {
                guard let trainer = trainers[arm] else { continue }
                let before = arm == .secondStage ? trainers[.trilevel]?.step ?? 0 : 0
                result.append(
                    Trained(arm: arm, seed: seed, steps: before + trainer.step, network: try trainer.averagedNetwork()))
            }
        }
        return result
    }

    /// Runs a group to its end. An arm whose time is over stops and the others go on.
    private func run(
        _ group: [(arm: AblationArm, trainer: Trainer)], seed: UInt64, _ schedule: Trainer.Schedule,
        _ report: (AblationArm, UInt64, Int, Double) -> Void, _ shouldStop: () -> Bool
    ) throws -> Bool {
        var spent = try group.map { try ArmClock(folder: $0.trainer.run.path) }
        func isOver(_ i: Int) -> Bool {
            group[i].trainer.isFinished || spent[i].minutes >= configuration.minutesPerArm
        }
        while let step = group.indices.filter({ !isOver($0) }).map({ group[$0].trainer.step }).min() {
            if shouldStop() {
                for (i, member) in group.enumerated() where member.trainer.step > 0 {
                    try member.trainer.writeCheckpoint()
                    try spent[i].keep()
                }
                return false
            }
            // After a stop one arm may be ahead of the others: they catch up first.
            for i in group.indices where !isOver(i) && group[i].trainer.step == step {
                let trainer = group[i].trainer
                let share = try spent[i].measure { try trainer.advance() }
                report(group[i].arm, seed, trainer.step, share)
                if try trainer.record(schedule) { try spent[i].keep() }
                if isOver(i), !trainer.isFinished {
                    try trainer.writeCheckpoint()
                    try spent[i].keep()
                }
            }
        }
        return true
    }

    private func path(_ arm: AblationArm, _ seed: UInt64) -> String { "\(folder)/\(arm.rawValue)-seed\(seed)" }

    private func trainer(_ arm: AblationArm, seed: UInt64, _ shared: FrozenTeacher) throws -> Trainer {
        let run = configuration.run(arm, seed: seed), training = run.training
        return try Trainer(run, folder: path(arm, seed)) { kept in
            let shape = NetworkShape.student(codec: teacher.shape.codec, channels: configuration.channels)
            let student = try shape.network(kept: kept, start: nil, training)
            switch arm {
            case .scratch, .secondStage: return try TaskObjective(student, training)
            case .regression: return RegressionObjective(student, training)
            case .taskOutput, .taskFeature, .trilevel, .equalIndex, .randomTeacher:
                let weights = arm.weights(teacher: configuration.teacher) ?? DistillationConfiguration()
                let frozen =
                    try arm.sharesTeacher ? shared : FrozenTeacher(weights, student: student.shape, seed: seed)
                return try DistillationObjective(student, teacher: frozen, training, weights)
            }
        }
    }

    /// Stage 2 of the comparison, in a run folder of its own.
    func stage2(
        after base: InpaintingNetwork, on photos: any PhotoSource, seed: UInt64, folder: String
    ) throws -> Trainer {
        let run = configuration.run(.secondStage, seed: seed)
        return try Trainer(run, folder: folder) { _ in
            try SemiSupervisedStage(
                base: base, run.training, configuration.secondStage, labelled: nil, unlabelled: photos,
                teacher: teacher)
        }
    }
}

/// Processor time of an arm over all sessions, kept in its run folder.
private struct ArmClock {
    private(set) var minutes: Double
    private let file: String

    init(folder: String) throws {
        file = "\(folder)/minutes"
        minutes =
            FileManager.default.contents(atPath: file).flatMap { Double(String(decoding: $0, as: UTF8.self)) } ?? 0
    }

    mutating func measure<T>(_ work: () throws -> T) rethrows -> T {
        let began = Self.processorSeconds()
        let result = try work()
        minutes += (Self.processorSeconds() - began) / 60
        return result
    }

    func keep() throws { try AtomicFile.write(Data("\(minutes)".utf8), to: file) }

    private static func processorSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
