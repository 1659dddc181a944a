/// One way of training a student, in a comparison where everything else is equal.
public enum AblationArm: String, Codable, Sendable, CaseIterable {
    /// The task alone.
    case scratch = "a"
    case taskOutput = "b"
    case taskFeature = "c"
    /// All three terms.
    case trilevel = "d"
    /// All three, then stage 2 on photos.
    case secondStage = "e"
    /// The same U-Net as a plain inpainting network: no noise, no timesteps, direct regression.
    case regression = "f"
    /// All three, with stages paired by their position: a control of the alignment.
    case equalIndex = "equal-index"
    /// All three, from a frozen teacher of random weights: a gain here is not distillation.
    case randomTeacher = "random-teacher"

    public var title: String {
        switch self {
        case .scratch: "(a) task only"
        case .taskOutput: "(b) task + output"
        case .taskFeature: "(c) task + feature"
        case .trilevel: "(d) task + output + feature"
        case .secondStage: "(e) (d), then stage 2"
        case .regression: "(f) direct regression"
        case .equalIndex: "(d) with equal-index pairing"
        case .randomTeacher: "(d) with a random teacher"
        }
    }

    /// The weights of its loss; nil where no teacher is asked.
    func weights(teacher: String) -> DistillationConfiguration? {
        var weights = DistillationConfiguration()
        weights.teacher = teacher
        switch self {
        case .scratch, .regression, .secondStage: return nil
        case .taskOutput: weights.featureWeight = 0
        case .taskFeature: weights.outputWeight = 0
        case .trilevel: break
        case .equalIndex: weights.pairing = .equalIndex
        case .randomTeacher: weights.teacher = nil
        }
        return weights
    }

    /// Whether it asks the teacher that the arms share.
    var sharesTeacher: Bool {
        switch self {
        case .taskOutput, .taskFeature, .trilevel, .equalIndex: true
        case .scratch, .secondStage, .regression, .randomTeacher: false
        }
    }

    /// Whether what the comparison's teacher says went into it.
    var learnsFromTeacher: Bool { sharesTeacher || self == .secondStage }
}
