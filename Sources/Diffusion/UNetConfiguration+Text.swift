extension UNetConfiguration {
    /// The default student with attention to text, and with what a text says as a whole in its timestep's embedding.
    ///
    /// Attention alone was not heard in thousands of steps: a caption's two or three words are few among the places that
    /// it starts out by averaging. The embedding reaches every block at once.
    ///
    /// The blocks of `student(codec:)` have the names and shapes that they have there, and the transformers start by
    /// adding nothing: grafted with the weights of a student without text, it computes what that one does. The two
    /// transformers stand on the way up at the second finest level (8 pixels). Further down they would not be heard:
    /// in the weights of that student, noise of full strength after the second coarsest level moves the output by 1 %,
    /// after this one by 15 %. At the finest, attention would cost more than all else.
    public static func textStudent(codec: CodecConfiguration) -> UNetConfiguration {
        var unet = student(codec: codec)
        unet.upBlockTypes[2] = .crossAttention
        // Heads of 32 channels: the second finest level counts them, the coarsest one says their size.
        unet.attentionHeadDim = [32, 3, 32, 32]
        unet.setTextWidth(CLIPTextConfiguration.smallWidth)
        return unet
    }

    /// Fits the attention to text and the embedding of whole texts to an encoder's states.
    public mutating func setTextWidth(_ width: Int) {
        crossAttentionDim = width
        (classEmbedType, projectionClassEmbeddingsInputDim) = (.projection, width)
    }
}

extension CLIPTextConfiguration {
    /// Fits the encoder to a network that attends to states of this width.
    public mutating func setWidth(_ width: Int) {
        guard width != hiddenSize else { return }
        (hiddenSize, intermediateSize) = (width, 4 * width)
        numAttentionHeads = [4, 2].first { width % $0 == 0 } ?? 1
    }

    static let smallWidth = 128

    /// Tokens of the longest text that the small encoder takes: those of a prompt with room to spare. Captions of whole
    /// scenes have up to 45 and are cut. Attention takes padding for text, and among 48 places the few words of a prompt
    /// were not heard.
    public static let smallLength = 16
    /// Tokens of the small vocabulary: those of the bytes, and half a thousand parts of words.
    public static let smallVocabulary = 1024

    /// The text encoder of student and teacher: half a million parameters, enough for captions of a few hundred words.
    /// - Parameters:
    ///   - vocabularySize: tokens.
    ///   - end: the token that ends a text; nil for the last one.
    public static func small(vocabularySize: Int = smallVocabulary, end: Int? = nil) -> CLIPTextConfiguration {
        CLIPTextConfiguration(
            vocabularySize: vocabularySize, width: smallWidth, intermediate: 4 * smallWidth, layers: 2, heads: 4,
            length: smallLength, end: end)
    }
}
