/// The terms of stage 1 and their weights. A weight of 0 switches the term off.
public struct DistillationConfiguration: Codable, Sendable, Equatable {
    /// L_task.
    public var taskWeight: Float = 1
    /// a of L_output. With b and 1 for the task these are BK-SDM's 1 : 1 : 1, every term being near 1 at the start.
    public var outputWeight: Float = 1
    /// b of L_feature.
    public var featureWeight: Float = 1
    /// Of the step distillation, which is no part of the tri-level loss.
    public var stepWeight: Float = 0
    /// How many steps the student is to sample in, for the step distillation.
    public var studentSteps = 4
    public var pairing = AsymmetricAlignment.Pairing.asymmetric
    /// The teacher's model folder; nil for a frozen teacher of random weights, the control.
    public var teacher: String?

    public init() {}
}
