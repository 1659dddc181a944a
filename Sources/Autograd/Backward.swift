import TensorCore

extension Variable {
    /// Reverse-mode differentiation from this variable: adds to the `gradient` of every leaf that requires one.
    ///
    /// The graph is consumed: each operation's activations are released as soon as its rule has run.
    /// - Parameter seed: the gradient at this variable; ones where it is left out.
    public func backward(seed: Tensor? = nil) {
        var pending: [ObjectIdentifier: Tensor] = [
            ObjectIdentifier(self): seed ?? Tensor(repeating: 1, shape: shape)
        ]
        // Each variable leaves the list, and its value with it, before the next one's rule runs.
        var remaining = recordedOperations()
        while let variable = remaining.popLast() {
            guard let gradient = pending.removeValue(forKey: ObjectIdentifier(variable)) else { continue }
            guard let node = variable.node else {
                variable.add(gradient)
                continue
            }
            for (input, share) in node.consume(gradient) where input.requiresGradient {
                require(
                    share.shape == input.shape, "Autograd: gradient \(share.shape) for a value of \(input.shape)")
                let key = ObjectIdentifier(input)
                guard var sum = pending.removeValue(forKey: key) else {
                    pending[key] = share
                    continue
                }
                sum.add(share)
                pending[key] = sum
            }
            variable.node = nil
        }
    }

    private func add(_ share: Tensor) {
        guard var sum = gradient else { return gradient = share }
        gradient = nil
        sum.add(share)
        gradient = sum
    }

    /// All variables that this one depends on and that require a gradient, each after its inputs: the tape.
    private func recordedOperations() -> [Variable] {
        var order: [Variable] = []
        var seen: Set<ObjectIdentifier> = []
        var stack: [(variable: Variable, expanded: Bool)] = [(self, false)]
        while let (variable, expanded) = stack.popLast() {
            if expanded {
                order.append(variable)
                continue
            }
            guard variable.requiresGradient, seen.insert(ObjectIdentifier(variable)).inserted else { continue }
            stack.append((variable, true))
            for input in variable.node?.inputs ?? [] { stack.append((input, false)) }
        }
        return order
    }
}
