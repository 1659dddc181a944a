import Diffusion
import Foundation
import Metrics
import TensorCore

/// The two limits that the paper names, on the arms of a comparison: what of the teacher's bias its students took over, and
/// what stage 2 does with libraries of poor quality or diversity.
public struct AblationLimits: Encodable {
    /// A student before stage 2 and after it, on one kind of library.
    public struct LibraryRow: Encodable {
        /// nil: before stage 2.
        public var library: LibraryVariant?
        public var seed: UInt64
        public var steps: Int
        public var oneStep: AblationTable.Figures
        public var moreSteps: AblationTable.Figures
    }

    public var samplingSteps: Int
    public var bias: TeacherBias
    public var libraries: [LibraryRow]
}

extension Ablation {
    /// Measures the limits; trains stage 2 from arm (d) on every kind of library where there are photos.
    /// - Parameters:
    ///   - trained: every arm of every seed; (a) is needed for the bias, (d) for the libraries.
    ///   - sets: held-out crops.
    ///   - weights: of the metrics that need networks.
    ///   - schedule: of each run of stage 2.
    ///   - progress: is told what is being done.
    ///   - shouldStop: asked before every step.
    /// - Returns: nil when `shouldStop` ended it; the same call goes on.
    /// - Throws: what training and measuring throw.
    public func limits(
        of trained: [Trained], sets: [ValidationSet], weights: MetricWeights, schedule: Trainer.Schedule,
        progress: (String) -> Void, shouldStop: () -> Bool
    ) throws -> AblationLimits? {
        let steps = configuration.samplingSteps
        var result = AblationLimits(
            samplingSteps: steps, bias: bias(trained, sets, progress), libraries: [])
        guard let photos else { return result }
        let measured = MeasuredSets(sets, weights: weights)
        for base in trained where base.arm == .trilevel {
            func add(_ library: LibraryVariant?, _ network: InpaintingNetwork, _ trained: Int) throws {
                progress("measuring: \(library?.title ?? "before stage 2"), seed \(base.seed)")
                result.libraries.append(
                    .init(
                        library: library, seed: base.seed, steps: trained,
                        oneStep: try measured.figures(of: network, steps: 1),
                        moreSteps: steps > 1 ? try measured.figures(of: network, steps: steps) : [:]))
            }
            try add(nil, base.network, 0)
            for library in LibraryVariant.allCases {
                progress("stage 2, \(library.title), seed \(base.seed)")
                let trainer = try stage2(
                    after: base.network, on: library.library(of: photos), seed: base.seed,
                    folder: "\(folder)/limits/\(library.rawValue)-seed\(base.seed)")
                try trainer.train(schedule, shouldStop: shouldStop)
                guard trainer.isFinished else { return nil }
                try add(library, try trainer.averagedNetwork(), trainer.step)
            }
        }
        return result
    }

    private func bias(_ trained: [Trained], _ sets: [ValidationSet], _ progress: (String) -> Void) -> TeacherBias {
        var bias = TeacherBias()
        for set in sets {
            let references = set.samples
            func errors(_ network: InpaintingNetwork) -> TeacherBias.Errors {
                TeacherBias.Errors(set.fills(by: network, steps: 1, seed: 0), references)
            }
            progress("bias of the teacher, \(set.name)")
            let fromTeacher = errors(teacher)
            for scratch in trained where scratch.arm == .scratch {
                let fromScratch = errors(scratch.network)
                for student in trained where student.seed == scratch.seed && student.arm.learnsFromTeacher {
                    bias.add(
                        student, set: set, references, student: errors(student.network), scratch: fromScratch,
                        teacher: fromTeacher)
                }
            }
        }
        return bias
    }
}
