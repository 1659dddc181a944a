import TensorCore

/// What the network attends to: the states of the text, computed once for a whole job.
///
/// Lives on the thread that runs the engine, as its pipeline does.
public struct PromptCondition {
    /// Of the prompt alone, or of the empty text where there is none; nil where nothing is said to the network then.
    let text: TextEmbedding?
    /// The empty text and how far to go beyond it, where both forward passes are needed.
    let unconditional: (text: TextEmbedding?, guidance: Float)?

    init(text: TextEmbedding?, unconditional: (text: TextEmbedding?, guidance: Float)? = nil) {
        self.text = text
        self.unconditional = unconditional
    }

    /// - Parameters:
    ///   - prompt: nil or empty for what fits.
    ///   - guidance: 0 passes the prompt over, 1 needs no second forward pass.
    ///   - embedding: of a text; nil for one that is not said to the network.
    init(prompt: String?, guidance: Float, embedding: (String) -> TextEmbedding?) {
        guard let prompt, !prompt.isEmpty, guidance != 0 else {
            self.init(text: embedding(""))
            return
        }
        self.init(text: embedding(prompt), unconditional: guidance == 1 ? nil : (embedding(""), guidance))
    }

    /// Classifier-free guidance (Ho and Salimans 2022): u + g (c - u), which is the prompt's own answer at 1 and the
    /// empty text's at 0.
    public static func guided(_ conditional: Tensor, over unconditional: Tensor, by guidance: Float) -> Tensor {
        let result = unconditional * (1 - guidance)
        result.accumulateInPlace(conditional, factor: guidance)
        return result
    }
}
