import Autograd
import TensorCore

/// What the network attends to: the states of the text, computed once for a whole job.
///
/// Lives on the thread that runs the engine, as its pipeline does.
public struct PromptCondition {
    /// [1, L, D]; of the prompt, or of the empty text where there is none.
    let states: Tensor
    /// The states of the empty text and how far to go beyond them, where both forward passes are needed.
    let unconditional: (states: Tensor, guidance: Float)?

    /// Classifier-free guidance (Ho and Salimans 2022): u + g (c - u), which is the prompt's own answer at 1 and the
    /// empty text's at 0.
    public static func guided(_ conditional: Tensor, over unconditional: Tensor, by guidance: Float) -> Tensor {
        let result = unconditional * (1 - guidance)
        result.accumulateInPlace(conditional, factor: guidance)
        return result
    }

    /// States [1, L, D] for every image of a batch.
    static func repeated(_ states: Tensor, _ count: Int) -> Tensor {
        guard count > 1 else { return states }
        let result = Tensor(uninitialized: [count] + states.shape.dropFirst())
        for i in 0..<count { (result.pointer + i * states.count).update(from: states.pointer, count: states.count) }
        return result
    }
}
