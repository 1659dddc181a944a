/// What the owner of a `TuningMachine` needs of the tuner: the machine's actions, and what comes back of them.
///
/// The process that learns, its unit and its files are behind it, so that deciding when to tune knows nothing of them.
public protocol TunerPort: Sendable {
    /// What the tuner does by itself. One stream for the life of the port; runs follow each other in it.
    var events: AsyncStream<TunerEvent> { get }

    /// Starts a run, or goes on with the one whose checkpoint is there. Answers when the process runs; what becomes of
    /// it comes as events, `died` where it cannot be started.
    func start() async
    /// Stops the process in place at once, without waiting for a training step. Its memory stays.
    func hold() async
    /// Lets a held process go on.
    func proceed() async
    /// Ends the process; its last checkpoint stays. Answers when it is gone and its memory with it.
    func end() async
    /// Throws the run away that a checkpoint is left of.
    func dropCheckpoint() async
    /// Compares the tuned weights with those in use and adopts them where the gate allows it.
    func judge() async -> TuningVerdict
    /// Seconds of processor time that the tuner has used since it was started; 0 while there is none. Load that it
    /// makes itself must not stop it.
    func processorSeconds() async -> Double
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
}
