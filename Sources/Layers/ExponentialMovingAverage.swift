import Autograd
import TensorCore

/// A slowly following copy of a model's weights, which generalises better than the last step's.
public final class ExponentialMovingAverage {
    public let decay: Float
    private let parameters: [(name: String, variable: Variable)]
    private let averages: [Tensor]
    private var updates = 0

    public convenience init(_ parameters: ParameterSet, decay: Float) {
        self.init(parameters.all, decay: decay)
    }

    /// For the parameters of several models under names of their own.
    public init(_ parameters: [(name: String, variable: Variable)], decay: Float) {
        self.decay = decay
        self.parameters = parameters
        averages = self.parameters.map { $0.variable.value.copy() }
    }

    /// Moves the average towards the present weights. Early on it follows faster, by min(decay, (1 + n) / (10 + n)).
    public func update() {
        let factor = min(decay, Float(1 + updates) / Float(10 + updates))
        updates += 1
        for (average, (_, variable)) in zip(averages, parameters) {
            average.lerpInPlace(towards: variable.value, factor: 1 - factor)
        }
    }

    /// The averaged weights by name, sharing storage.
    public var tensors: [String: Tensor] {
        Dictionary(uniqueKeysWithValues: zip(parameters.map(\.name), averages))
    }

    /// Takes up a checkpoint.
    /// - Throws: `ModelError` when a tensor is missing or has another shape.
    public func restore(_ tensors: [String: Tensor], updates: Int, origin: String) throws {
        for ((name, _), average) in zip(parameters, averages) {
            guard let tensor = tensors[name], tensor.shape == average.shape else {
                throw ModelError(.wrongShape, at: origin, "averaged weight \"\(name)\" is missing or does not fit")
            }
            average.copyInPlace(from: tensor)
        }
        self.updates = updates
    }
}
