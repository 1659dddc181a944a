/// A filled photo.
public struct FillResult: Sendable, Equatable {
    /// The photo with its holes filled; every sample where `changed` is 0 is the photo's own, to the bit.
    public let filled: RasterImage
    /// The opacity of the fill: 255 in the (dilated) mask, falling to 0 over the feather.
    public let changed: FillMask
    /// The same with the smooth pre-fill alone, for comparison.
    public let classical: RasterImage
    /// Words of the prompt that the model was never trained with, and so ignores.
    public let unknownWords: [String]
}
