import TensorCore

extension Variable {
    /// Computes `body` of `inputs` and forgets everything but its result; the backward pass computes it once more (Chen
    /// et al. 2016). The gradients are those of `body` alone, bit by bit; a part of a network that is checkpointed costs
    /// one more forward pass and keeps no activations.
    ///
    /// Parameters that `body` refers to get their gradients when the backward pass comes to it.
    public static func checkpointed(_ inputs: [Variable], _ body: @escaping ([Variable]) -> Variable) -> Variable {
        let value = withoutTape { body(inputs).value }
        let node = Node(inputs: inputs) { dy in
            let leaves = inputs.map { Variable($0.value, requiresGradient: $0.requiresGradient) }
            body(leaves).backward(seed: dy)
            return leaves.map(\.gradient)
        }
        return Variable(value, node: node)
    }
}
