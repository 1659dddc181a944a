import Autograd
import TensorCore

/// How a parameter starts when it is not loaded.
public enum Initializer: Sendable {
    case zeros
    case ones
    /// Uniform in ±√(1 / fanIn), the default of torch for convolutions, linear layers and their biases.
    case uniform(fanIn: Int)
    /// Normal with this deviation.
    case normal(deviation: Float)
}

/// All parameters of a model by the name that diffusers gives them, in the order in which its layers asked for them.
///
/// A model is built against a set in one of two ways: with a random source, every request makes a new parameter; with
/// loaded tensors, every request takes the tensor of that name and shape or throws. What was loaded and never asked
/// for is an error too, so weights fit exactly or not at all.
public final class ParameterSet {
    private enum Source {
        case random(SeededRandom)
        case loaded([String: Tensor], origin: String)
    }

    private var source: Source
    private let requiresGradient: (String) -> Bool
    private(set) var names: [String] = []
    private var variables: [String: Variable] = [:]

    /// New parameters, for training from the start.
    public init(seed: UInt64, requiresGradient: Bool = true) {
        source = .random(SeededRandom(seed: seed))
        self.requiresGradient = { _ in requiresGradient }
    }

    /// Parameters from a file. `origin` names it in errors.
    public convenience init(loaded tensors: [String: Tensor], origin: String, requiresGradient: Bool) {
        self.init(loaded: tensors, origin: origin) { _ in requiresGradient }
    }

    /// Parameters of which those learn whose name `requiresGradient` approves.
    public init(loaded tensors: [String: Tensor], origin: String, requiresGradient: @escaping (String) -> Bool) {
        source = .loaded(tensors, origin: origin)
        self.requiresGradient = requiresGradient
    }

    /// The parameter of this full name; made or taken on the first request.
    /// - Throws: `ModelError` when the loaded tensors lack it or hold another shape.
    func request(_ name: String, shape: [Int], initializer: Initializer) throws -> Variable {
        precondition(variables[name] == nil, "Layers: parameter \(name) was requested twice")
        let value: Tensor
        switch source {
        case .random(var random):
            value = Self.initial(shape, initializer, &random)
            source = .random(random)
        case .loaded(let tensors, let origin):
            guard let tensor = tensors[name] else {
                throw ModelError(.missingWeight, at: origin, "there is no tensor \"\(name)\"")
            }
            guard tensor.shape == shape else {
                throw ModelError(
                    .wrongShape, at: origin, "tensor \"\(name)\" has shape \(tensor.shape), the model needs \(shape)")
            }
            guard tensor.isFinite else {
                throw ModelError(.notFinite, at: origin, "tensor \"\(name)\" holds infinite or undefined numbers")
            }
            value = tensor
        }
        let variable = Variable(value, requiresGradient: requiresGradient(name))
        names.append(name)
        variables[name] = variable
        return variable
    }

    /// Throws `ModelError` if the file holds tensors that no layer asked for.
    public func requireAllUsed() throws {
        guard case .loaded(let tensors, let origin) = source else { return }
        let unused = tensors.keys.filter { variables[$0] == nil }.sorted()
        guard let first = unused.first else { return }
        throw ModelError(
            .unknownWeight, at: origin, "\(unused.count) tensors belong to no layer, the first is \"\(first)\"")
    }

    private static func initial(_ shape: [Int], _ initializer: Initializer, _ random: inout SeededRandom) -> Tensor {
        let tensor = Tensor(repeating: 0, shape: shape)
        switch initializer {
        case .zeros: break
        case .ones: return Tensor(repeating: 1, shape: shape)
        case .uniform(let fanIn):
            let bound = (1 / Float(max(fanIn, 1))).squareRoot()
            for i in 0..<tensor.count { tensor.pointer[i] = (2 * random.uniform() - 1) * bound }
        case .normal(let deviation):
            for i in 0..<tensor.count { tensor.pointer[i] = random.normal() * deviation }
        }
        return tensor
    }

    /// Every parameter in request order.
    public var all: [(name: String, variable: Variable)] {
        names.compactMap { name in variables[name].map { (name, $0) } }
    }

    /// The same under names that begin with `prefix` and a dot: as one part of several.
    public func all(in prefix: String) -> [(name: String, variable: Variable)] {
        all.map { (name: "\(prefix).\($0.name)", variable: $0.variable) }
    }

    /// Every parameter's tensor by name, sharing storage.
    public var tensors: [String: Tensor] { variables.mapValues(\.value) }

    /// The number of scalar parameters.
    public var count: Int { variables.values.reduce(0) { $0 + $1.value.count } }

    /// The scope of the whole model.
    public var root: ParameterScope { ParameterScope(set: self, prefix: "") }
}

/// A place in the tree of names, for example `down_blocks.0.resnets.1`.
public struct ParameterScope {
    let set: ParameterSet
    let prefix: String

    /// The scope of a part.
    public func scope(_ name: String) -> ParameterScope {
        ParameterScope(set: set, prefix: prefix.isEmpty ? name : "\(prefix).\(name)")
    }

    /// The scope of part `index` of a list.
    public func scope(_ name: String, _ index: Int) -> ParameterScope { scope(name).scope(String(index)) }

    /// The parameter `name` of this part.
    public func parameter(_ name: String, _ shape: [Int], _ initializer: Initializer) throws -> Variable {
        try set.request(scope(name).prefix, shape: shape, initializer: initializer)
    }
}
