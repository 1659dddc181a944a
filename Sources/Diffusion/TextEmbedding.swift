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

    /// What a U-Net and its ControlNet see that have no text encoder: zeros, as wide as those need that read any.
    /// - Returns: nil where none of them reads text.
    public static func silent(_ networks: [UNetConfiguration], count: Int) -> TextEmbedding? {
        guard networks.contains(where: \.readsText) else { return nil }
        let width = networks.first(where: \.attendsToText)?.crossAttentionDim
        let labels = networks.first { $0.classEmbedType != nil }?.projectionClassEmbeddingsInputDim
        return TextEmbedding(
            states: Variable(Tensor(repeating: 0, shape: [count, 1, width ?? 1])),
            pooled: Variable(Tensor(repeating: 0, shape: [count, labels ?? 1])))
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
