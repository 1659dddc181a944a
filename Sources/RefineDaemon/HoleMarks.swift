import RefineBus

/// What a caller says about the hole, beside or instead of a mask's file.
public struct HoleMarks: Sendable, Equatable {
    /// In pixels of the upright photo.
    public var boxes: [InpaintOptions.Box]
    public var polygons: [[InpaintOptions.Point]]
    /// Fill what is not marked.
    public var invert: Bool
    /// Scale a mask of another size to the photo's.
    public var fitMask: Bool

    init(_ options: InpaintOptions) {
        boxes = options.box
        polygons = options.polygon
        invert = options.invert
        fitMask = options.fitMask
    }
}
