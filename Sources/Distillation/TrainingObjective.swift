import Autograd
import TensorCore

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
    var makeBatch: @Sendable (Int) throws -> TrainingBatch { get }
    /// The losses of `step` on its batch.
    func losses(step: Int, batch: TrainingBatch) throws -> StepLosses

    /// Called once, when a checkpoint has been loaded into `parameters`.
    func restored()
    /// Called once before the first step with the averaged `parameters` by name, which go on following them.
    func begin(averages: [String: Tensor]) throws
    /// Called between the backward pass and the update, to turn gradients of the network into those of `parameters`.
    func prepareUpdate()
    /// Called after each update.
    func updated(averages: [String: Tensor])
    /// The weights of the network for other values of `parameters`.
    func networkWeights(_ values: [String: Tensor]) -> [String: Tensor]
}

/// Methods that train the network's own weights need no more than these.
extension TrainingObjective {
    public var parameters: [(name: String, variable: Variable)] { network.parameters }
    public func restored() {}
    public func begin(averages: [String: Tensor]) throws {}
    public func prepareUpdate() {}
    public func updated(averages: [String: Tensor]) {}
    public func networkWeights(_ values: [String: Tensor]) -> [String: Tensor] { values }
}
