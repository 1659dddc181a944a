import Autograd

/// What one stage of a U-Net gave, for distillation: the last output of the stage, before it is resampled.
public struct StageFeature {
    /// Stages in the order in which they are computed. `down(0)` and the last `up` are the finest.
    public enum Stage: Sendable, Hashable {
        case down(Int)
        case middle
        case up(Int)
    }

    public let stage: Stage
    /// [N, C, H, W]
    public let value: Variable

    public init(stage: Stage, value: Variable) {
        self.stage = stage
        self.value = value
    }
}
