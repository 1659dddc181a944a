/// What all arms of a comparison have in common.
public struct AblationConfiguration: Codable, Sendable, Equatable {
    /// Of each run; the seed is replaced by one of `seeds`.
    public var training: TrainingConfiguration
    public var seeds: [UInt64] = [1]
    public var arms: [AblationArm] = [.scratch, .taskOutput, .taskFeature, .trilevel, .secondStage, .regression]
    /// The teacher's model folder.
    public var teacher: String
    /// Channels of the student at each resolution; nil for the default student's.
    public var channels: [Int]?
    /// Of stage 2 in arm (e), which comes on top of arm (d)'s budget.
    public var secondStage = SemiSupervisedConfiguration()
    public var secondStageSteps = 0
    /// No arm may take more minutes of processor time than this, over all threads.
    public var minutesPerArm = 600.0
    /// Steps of sampling beside one.
    public var samplingSteps = 4

    public init(training: TrainingConfiguration, teacher: String) {
        self.training = training
        self.teacher = teacher
    }

    /// The settings of an arm's run.
    func run(_ arm: AblationArm, seed: UInt64) -> RunConfiguration {
        var training = training
        training.seed = seed
        switch arm {
        case .scratch: return RunConfiguration(method: .task, training: training)
        case .regression: return RunConfiguration(method: .regression, training: training)
        case .secondStage:
            training.steps = secondStageSteps
            training.learningRate /= 4
            // Data and noise other than those of arm (d).
            training.seed = seed &+ 1_000_003
            var result = RunConfiguration(method: .finetuning, training: training)
            result.finetuning = secondStage
            return result
        case .taskOutput, .taskFeature, .trilevel, .equalIndex, .randomTeacher:
            var result = RunConfiguration(method: .distillation, training: training)
            result.distillation = arm.weights(teacher: teacher)
            return result
        }
    }
}
