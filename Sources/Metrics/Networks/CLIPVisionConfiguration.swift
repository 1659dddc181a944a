/// The shape of a CLIP image tower, in transformers' terms.
public struct CLIPVisionConfiguration: Sendable, Equatable {
    public var imageSize: Int
    public var patchSize: Int
    public var hiddenSize: Int
    public var intermediateSize: Int
    public var hiddenLayers: Int
    public var attentionHeads: Int
    public var projectionSize: Int

    public init(
        imageSize: Int, patchSize: Int, hiddenSize: Int, intermediateSize: Int, hiddenLayers: Int, attentionHeads: Int,
        projectionSize: Int
    ) {
        precondition(
            hiddenSize % attentionHeads == 0 && imageSize % patchSize == 0,
            "Metrics: \(hiddenSize) channels in \(attentionHeads) heads, \(imageSize) pixels in patches of \(patchSize)"
        )
        self.imageSize = imageSize
        self.patchSize = patchSize
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.hiddenLayers = hiddenLayers
        self.attentionHeads = attentionHeads
        self.projectionSize = projectionSize
    }

    /// openai/clip-vit-large-patch14-336, which CMMD is defined with.
    public static let vitLarge336 = CLIPVisionConfiguration(
        imageSize: 336, patchSize: 14, hiddenSize: 1024, intermediateSize: 4096, hiddenLayers: 24, attentionHeads: 16,
        projectionSize: 768)

    /// Patches and the class token.
    var tokens: Int { (imageSize / patchSize) * (imageSize / patchSize) + 1 }
}
