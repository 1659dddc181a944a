/// How far a run of tuning has come.
public enum RunState: String, Sendable {
    /// It runs, or goes on from its checkpoint.
    case open
    /// Its weights wait to be judged.
    case tuned
    case adopted
    /// The gate kept its weights out.
    case kept
    /// It was given up.
    case failed
}

/// One run of tuning.
public struct RunRecord: Sendable, Equatable {
    public let id: Int64
    /// The model that it started from: the base's generation or one of ours.
    public let parent: String
    /// What its weights are called, adopted or not.
    public let generation: String
    public let state: RunState
    public let seed: UInt64
    /// Steps made when it was last noted.
    public let steps: Int
    /// Microseconds since 1970.
    public let startedAt: Int64
    public let endedAt: Int64?
    /// The convolution plan of its training; empty until the process has told it.
    public let plan: String
}

/// What the gate found about a run.
public struct RunJudgement: Sendable, Equatable {
    /// A code: `adopted`, or why not.
    public var verdict: String
    /// dB.
    public var gain: Double
    public var lowerBound: Double
    public var canaryGain: Double
    public var photos: Int
    /// The part of the error probability that this judgement was made at.
    public var level: Double

    public init(
        verdict: String, gain: Double = 0, lowerBound: Double = 0, canaryGain: Double = 0, photos: Int = 0,
        level: Double = 0
    ) {
        self.verdict = verdict
        self.gain = gain
        self.lowerBound = lowerBound
        self.canaryGain = canaryGain
        self.photos = photos
        self.level = level
    }
}

/// Whether a generation can be used.
public enum GenerationState: String, Sendable {
    case ready
    /// The user went back from it.
    case withdrawn
    /// Its files are not what was written.
    case damaged
    /// Its files were removed because newer ones took their place. Its row stays, for the lineage of those.
    case pruned
}

/// Weights that were adopted.
public struct GenerationRecord: Sendable, Equatable {
    public let id: String
    public let parent: String
    public let state: GenerationState
    /// Microseconds since 1970.
    public let createdAt: Int64
    /// Of the files.
    public let digest: String
    public let run: RunRecord?
    /// Photos that its own run learnt from.
    public let photos: Int
    public let judgement: RunJudgement?
}

/// A run that has ended, with what became of it.
public struct RunHistory: Sendable, Equatable {
    public let run: RunRecord
    public let judgement: RunJudgement
    public let photos: Int
}
