/// The terms of stage 2 and where its data come from.
public struct SemiSupervisedConfiguration: Codable, Sendable, Equatable {
    /// Share of crops that come from photos without labels; the others replay labelled scenes, against forgetting.
    public var unlabelledShare: Float = 0.5
    /// Of the error against what was under the hole: for photos too, as their holes are our own.
    public var taskWeight: Float = 1
    /// Of the error against pseudo-targets.
    public var pseudoWeight: Float = 0.5
    /// Share of the averaged student in the pseudo-targets, where there is no teacher; the rest is the frozen base.
    public var averageShare: Float = 0.5
    /// Weight of the error of replayed crops against the frozen base's answer, in place of all other terms on them; nil
    /// for the same terms as on photos. The base's answer has no noise of its own, so what is not to be learnt is held
    /// where it was (learning without forgetting; Li and Hoiem 2016).
    public var replayMimicry: Float?
    /// Rank of low-rank adapters; nil to train all weights.
    public var adapterRank: Int?
    /// The teacher's model folder; nil for the frozen base and the averaged student.
    public var teacher: String?
    /// Folders, for the record of a run.
    public var labelled: String?
    public var unlabelled: String?

    public init() {}
}
