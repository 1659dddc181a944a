extension UNetConfiguration {
    /// The default student with attention to text.
    ///
    /// The blocks of `student(codec:)` have the names and shapes that they have there, and the transformers start by
    /// adding nothing: grafted with the weights of a student without text, it computes what that one does. The two
    /// transformers stand on the way up at the second coarsest level (16 pixels), where the content of a hole takes
    /// shape and the finer levels still follow; at the coarsest level they would replace the self-attention that the
    /// student has there, and further ones would take it beyond ten million parameters with its text encoder.
    public static func textStudent(codec: CodecConfiguration) -> UNetConfiguration {
        var unet = student(codec: codec)
        unet.upBlockTypes[1] = .crossAttention
        // Heads of 32 channels: the second coarsest level counts them, the coarsest one says their size.
        unet.attentionHeadDim = [32, 32, 5, 32]
        unet.crossAttentionDim = CLIPTextConfiguration.smallWidth
        return unet
    }
}

extension CLIPTextConfiguration {
    static let smallWidth = 128

    /// Tokens of the longest text that the small encoder takes; the longest captions of scenes have about 45.
    public static let smallLength = 48
    /// Tokens of the small vocabulary: those of the bytes, and half a thousand parts of words.
    public static let smallVocabulary = 1024

    /// The text encoder of student and teacher: half a million parameters, enough for captions of a few hundred words.
    public static func small(vocabularySize: Int = smallVocabulary) -> CLIPTextConfiguration {
        CLIPTextConfiguration(
            vocabularySize: vocabularySize, width: smallWidth, intermediate: 4 * smallWidth, layers: 2, heads: 4,
            length: smallLength)
    }
}
