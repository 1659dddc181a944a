import Autograd
import TensorCore

/// What texts say to a U-Net or ControlNet: states for the blocks that attend to them, and each text as a whole for the
/// timestep's embedding.
public struct TextEmbedding {
    /// [N, L, D].
    public let states: Variable
    /// [N, D].
    public let pooled: Variable

    init(states: Variable, pooled: Variable) {
        self.states = states
        self.pooled = pooled
    }

    /// What networks see that read text and have no encoder: zeros.
    public static func silent(_ network: UNetConfiguration, count: Int) -> TextEmbedding {
        let width = network.attendsToText ? network.crossAttentionDim : 1
        return TextEmbedding(
            states: Variable(Tensor(repeating: 0, shape: [count, 1, width])),
            pooled: Variable(Tensor(repeating: 0, shape: [count, network.projectionClassEmbeddingsInputDim ?? width])))
    }

    /// The only text, for every image of a batch.
    func repeated(_ count: Int) -> TextEmbedding {
        guard count > 1 else { return self }
        func repeated(_ x: Variable) -> Variable {
            let result = Tensor(uninitialized: [count] + x.shape.dropFirst()), size = x.value.count
            for i in 0..<count { (result.pointer + i * size).update(from: x.value.pointer, count: size) }
            return Variable(result)
        }
        return TextEmbedding(states: repeated(states), pooled: repeated(pooled))
    }
}

extension UNetConfiguration {
    /// The states, for a network that attends to them.
    public func hiddenStates(_ text: TextEmbedding?) -> Variable? { attendsToText ? text?.states : nil }

    /// The class labels, for a network that takes whole texts for such.
    public func classLabels(_ text: TextEmbedding?) -> Variable? { classEmbedType == nil ? nil : text?.pooled }
}
