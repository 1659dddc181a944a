extension UNetConfiguration {
    /// The default student with attention to text.
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
        unet.crossAttentionDim = CLIPTextConfiguration.smallWidth
        return unet
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
    public static func small(vocabularySize: Int = smallVocabulary) -> CLIPTextConfiguration {
        CLIPTextConfiguration(
            vocabularySize: vocabularySize, width: smallWidth, intermediate: 4 * smallWidth, layers: 2, heads: 4,
            length: smallLength)
    }
}
