/// What a fill made of a photo: one rectangle around all that it changed. Everything outside stays the photo's own.
public struct FillResult: Sendable {
    /// Where in the photo the pictures belong. It reaches ``FillTask/margin`` pixels beyond every changed one, where the
    /// photo does.
    public let box: PixelBox
    /// The rectangle with the holes filled; every sample where `changed` is 0 is the photo's own, to the bit.
    public let filled: RasterImage
    /// The opacity of the fill: 255 in the (dilated) mask, falling to 0 over the feather.
    public let changed: FillMask
    /// The same with the smooth pre-fill alone, where ``FillOptions/keepsClassical`` asked for it.
    public let classical: RasterImage?
    /// Of the weights that filled the photo: those of the model, or of its base where that suits the photo better.
    public let generation: String
    /// Words of the prompt that the model was never trained with, and so ignores.
    public let unknownWords: [String]
    /// The material that the prompt named and the model has pictures of; nil where there is none.
    public let texture: String?
}
