/// What the owner of a `TuningMachine` needs of the tuner: the machine's actions, and what comes back of them.
///
/// The process that learns, its unit and its files are behind it, so that deciding when to tune knows nothing of them.
public protocol TunerPort: Sendable {
    /// What the tuner does by itself. One stream for the life of the port; runs follow each other in it.
    var events: AsyncStream<TunerEvent> { get }

    /// Starts a run, or goes on with the one whose checkpoint is there. Answers when the process runs; what becomes of
    /// it comes as events, `died` where it cannot be started.
    func start() async
    /// Stops the process in place at once, without waiting for a training step; also the one that judges. Its memory
    /// stays.
    func hold() async
    /// Lets a held process go on.
    func proceed() async
    /// Ends the process; its last checkpoint stays. Answers when it is gone and its memory with it. While `judge()` is
    /// under way that one answers `postponed`.
    func end() async
    /// Throws the run away that a checkpoint is left of.
    func dropCheckpoint() async
    /// Compares the tuned weights with those in use and adopts them where the gate allows it.
    func judge() async -> TuningVerdict
    /// What the tuner itself has used since it was started; nothing while there is none. The load and the pressure that
    /// it makes must not stop it.
    func usage() async -> TunerUsage
}

/// What a tuner has used since it was started.
public struct TunerUsage: Sendable, Equatable {
    /// Seconds of processor time, of all threads.
    public var processorSeconds = 0.0
    /// Seconds in which some of its threads waited for memory: `some total` of its own cgroup's `memory.pressure`, 0
    /// where it has none of its own.
    public var memoryStallSeconds = 0.0

    public init(processorSeconds: Double = 0, memoryStallSeconds: Double = 0) {
        self.processorSeconds = processorSeconds
        self.memoryStallSeconds = memoryStallSeconds
    }
}

public enum TunerEvent: Sendable, Equatable {
    /// Steps that the run has made, of those that it will make.
    case progress(step: Int, steps: Int)
    /// The run has ended by itself.
    case tuned(hasWeights: Bool)
    /// The process crashed, was killed, or could not be started. The code says which, never a path.
    case died(code: String)
}

/// What became of tuned weights.
public enum TuningVerdict: Sendable, Equatable {
    case adopted(generation: String)
    /// With the code of why the gate kept them out.
    case kept(code: String)
    /// They could not be judged.
    case failed(code: String)
    /// Ended before it was decided. The weights stay, and the next run begins with judging them.
    case postponed
}
