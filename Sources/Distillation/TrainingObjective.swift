import Autograd

/// What one training step computed.
public struct StepLosses {
    /// What is minimised.
    public var total: Variable
    /// The terms by name, each before its weight, as they go into `metrics.jsonl`.
    public var terms: [String: Double]
    /// What the task's loss would be for a prediction of zero: for the pre-fill alone.
    public var prefill: Double

    public init(total: Variable, terms: [String: Double], prefill: Double) {
        self.total = total
        self.terms = terms
        self.prefill = prefill
    }
}

/// What a training run computes at each step: a method of training, on a network of its own.
///
/// A step is a function of its number, so that a resumed run goes on as if it had never stopped.
public protocol TrainingObjective: AnyObject {
    /// The network that comes out of the run.
    var network: InpaintingNetwork { get }
    /// Everything that learns, by the names in checkpoints: the network's parameters, and what helps it to learn.
    var parameters: [(name: String, variable: Variable)] { get }
    /// Makes the batch of a step; called ahead of time, on any thread.
    var makeBatch: @Sendable (Int) -> TrainingBatch { get }
    /// The losses of `step` on its batch.
    func losses(step: Int, batch: TrainingBatch) throws -> StepLosses
}

extension TrainingObjective {
    public var parameters: [(name: String, variable: Variable)] { network.parameters }
}
