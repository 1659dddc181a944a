import Autograd
import CKernels
import TensorCore

/// AdamW: Adam with decoupled weight decay (Loshchilov and Hutter 2019). Decay spares vectors (biases, norm scales).
public final class AdamW {
    public struct Options: Codable, Sendable {
        public var beta1: Float = 0.9
        public var beta2: Float = 0.99
        public var epsilon: Float = 1e-8
        public var decay: Float = 0.01
        public init() {}
    }

    public let options: Options
    /// How many updates have been made.
    public private(set) var step = 0
    private let parameters: [(name: String, variable: Variable)]
    private var first: [Tensor]
    private var second: [Tensor]

    public convenience init(_ parameters: ParameterSet, options: Options = Options()) {
        self.init(parameters.all, options: options)
    }

    /// For the parameters of several models under names of their own, whose gradients are clipped together.
    public init(_ parameters: [(name: String, variable: Variable)], options: Options = Options()) {
        self.parameters = parameters
        self.options = options
        first = self.parameters.map { Tensor(repeating: 0, shape: $0.variable.shape) }
        second = self.parameters.map { Tensor(repeating: 0, shape: $0.variable.shape) }
    }

    /// The Euclidean norm of all gradients together.
    public var gradientNorm: Double {
        parameters.reduce(0) { $0 + ($1.variable.gradient?.sumOfSquares ?? 0) }.squareRoot()
    }

    /// One update from the gradients at hand, which are cleared.
    /// - Parameters:
    ///   - rate: the learning rate of this step.
    ///   - maximumNorm: gradients whose joint norm is larger are scaled down to it (Pascanu et al. 2013).
    /// - Returns: the norm before clipping. When it is not finite nothing is changed.
    @discardableResult public func update(rate: Float, maximumNorm: Double) -> Double {
        let norm = gradientNorm
        defer { for (_, variable) in parameters { variable.clearGradient() } }
        guard norm.isFinite else { return norm }
        step += 1
        let scale = norm > maximumNorm ? Float(maximumNorm / norm) : 1
        let correction1 = 1 - power(options.beta1, step), correction2 = 1 - power(options.beta2, step)
        for (i, (_, variable)) in parameters.enumerated() {
            guard let gradient = variable.gradient else { continue }
            rk_adamw(
                variable.value.pointer, gradient.pointer, first[i].pointer, second[i].pointer,
                Int64(gradient.count), rate, options.beta1, options.beta2, options.epsilon,
                variable.shape.count > 1 ? options.decay : 0, correction1, correction2, scale)
        }
        return norm
    }

    private func power(_ base: Float, _ exponent: Int) -> Float {
        Float(exponential(logarithm(Double(base)) * Double(exponent)))
    }

    /// The moments by name, to put into a checkpoint; they share storage with the optimiser.
    public var moments: [String: Tensor] {
        var result: [String: Tensor] = [:]
        for (i, (name, _)) in parameters.enumerated() {
            result["first.\(name)"] = first[i]
            result["second.\(name)"] = second[i]
        }
        return result
    }

    /// Takes up a checkpoint's moments.
    /// - Throws: `ModelError` when one is missing or has another shape.
    public func restore(_ tensors: [String: Tensor], step: Int, origin: String) throws {
        for (name, target) in moments {
            guard let tensor = tensors[name], tensor.shape == target.shape else {
                throw ModelError(.wrongShape, at: origin, "optimiser moment \"\(name)\" is missing or does not fit")
            }
            target.copyInPlace(from: tensor)
        }
        self.step = step
    }
}
