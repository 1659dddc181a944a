/// What became of earlier runs, and the way back.
public protocol TuningArchive: Sendable {
    /// Runs that were judged or failed, newest first.
    ///
    /// - Throws: what keeps the record from being read.
    func history(limit: Int) async throws -> [TuningRecord]
    /// Uses the parent of the generation in use from now on.
    ///
    /// - Returns: the name of the generation that is then in use, such as `base-2` or `personal-3`.
    /// - Throws: `TuningArchiveError.nothingToRollBack` where the base is in use already.
    func rollback() async throws -> String
    /// Back to the base model: all personal generations, runs and their files go.
    func reset() async throws
}

/// Why the way back is closed.
public enum TuningArchiveError: String, Error, Sendable {
    case nothingToRollBack = "nothing-to-roll-back"
}

/// One run and its judgement.
public struct TuningRecord: Sendable, Equatable {
    public var run: Int64
    /// Microseconds since 1970.
    public var startedAt: Int64
    public var endedAt: Int64
    /// The generation that it began with.
    public var parent: String
    /// The generation that came of it; nil where it was kept out.
    public var generation: String?
    /// A raw value of `AdoptionGate.Verdict`, or the code of a failure.
    public var verdict: String
    public var steps: Int
    /// Photos to learn from and to check by.
    public var photos: Int
    public var heldOutPhotos: Int
    /// dB over the parent, mean over the held-out photos.
    public var gain: Double
    /// dB, below which the true gain lies with probability `level`.
    public var lowerBound: Double
    /// dB over the base on generic pictures.
    public var canaryGain: Double
    public var level: Double

    public init(
        run: Int64, startedAt: Int64, endedAt: Int64, parent: String, generation: String?, verdict: String, steps: Int,
        photos: Int, heldOutPhotos: Int, gain: Double, lowerBound: Double, canaryGain: Double, level: Double
    ) {
        self.run = run
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.parent = parent
        self.generation = generation
        self.verdict = verdict
        self.steps = steps
        self.photos = photos
        self.heldOutPhotos = heldOutPhotos
        self.gain = gain
        self.lowerBound = lowerBound
        self.canaryGain = canaryGain
        self.level = level
    }
}
