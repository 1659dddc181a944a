import TensorCore

/// A tensor in a computation that may be differentiated.
///
/// A variable that was computed from others remembers how (its `node`) while any of them requires a gradient. With no
/// such input nothing is remembered, so inference frees each activation as soon as the next one is there.
public final class Variable {
    /// The value. Parameters are updated in place by their optimiser.
    public let value: Tensor
    /// The gradient of the last `backward`, for leaves that require one.
    public internal(set) var gradient: Tensor?
    /// Whether gradients flow into this variable.
    public let requiresGradient: Bool
    var node: Node?

    /// A leaf: an input (the default) or a parameter (`requiresGradient`).
    public init(_ value: Tensor, requiresGradient: Bool = false) {
        self.value = value
        self.requiresGradient = requiresGradient
    }

    init(_ value: Tensor, node: Node) {
        self.value = value
        self.node = node
        requiresGradient = true
    }

    public var shape: [Int] { value.shape }

    /// The same value, cut off from what computed it.
    public var detached: Variable { Variable(value) }

    /// Forgets the gradient, before the next step.
    public func clearGradient() { gradient = nil }
}

/// How one variable came to be: its inputs, and the rule that carries a gradient back to them.
final class Node {
    /// The gradient at the output gives the gradient at each input, nil where none is needed.
    typealias Rule = (Tensor) -> [Tensor?]

    private(set) var inputs: [Variable]
    private(set) var rule: Rule?

    init(inputs: [Variable], rule: @escaping Rule) {
        self.inputs = inputs
        self.rule = rule
    }

    /// Runs the rule once and frees what it had captured.
    func consume(_ gradient: Tensor) -> [(Variable, Tensor)] {
        guard let rule else { fatalError("Autograd: backward was called twice on the same graph") }
        let pairs = zip(inputs, rule(gradient)).compactMap { input, gradient in
            gradient.map { (input, $0) }
        }
        self.rule = nil
        inputs = []
        return pairs
    }
}

extension Variable {
    @TaskLocal private static var isRecording = true

    /// Runs `body` without remembering how its results came to be, whatever requires a gradient.
    package static func withoutTape<Result>(_ body: () throws -> Result) rethrows -> Result {
        try $isRecording.withValue(false, operation: body)
    }

    /// Whether an operation on these inputs is recorded.
    static func records(_ inputs: [Variable?]) -> Bool {
        inputs.contains { $0?.requiresGradient == true } && isRecording
    }

    /// Records an operation. `rule` is dropped unless an input requires a gradient.
    static func recorded(_ value: Tensor, inputs: [Variable], rule: @escaping Node.Rule) -> Variable {
        guard records(inputs) else { return Variable(value) }
        return Variable(value, node: Node(inputs: inputs, rule: rule))
    }
}
