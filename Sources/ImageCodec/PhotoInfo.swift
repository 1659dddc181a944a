/// How an image file stores its samples.
public struct SampleLayout: Equatable, Sendable {
    /// What the first bands mean.
    public enum Colour: String, Sendable {
        case grey, rgb, cmyk

        /// How many bands hold the colour.
        public var bands: Int {
            switch self {
            case .grey: 1
            case .rgb: 3
            case .cmyk: 4
            }
        }
    }

    public let colour: Colour
    /// Bands after the colour: alpha, and in some TIFFs more.
    public let extraBands: Int
    /// Bits of a sample, 8 or 16. Files with fewer bits are read as 8.
    public let bitDepth: Int

    public var bands: Int { colour.bands + extraBands }
    public var hasAlpha: Bool { extraBands > 0 }
    /// Bytes of one pixel.
    public var pixelBytes: Int { bands * bitDepth / 8 }
}

/// What the header of an image file says.
public struct PhotoInfo: Equatable, Sendable {
    /// Pixels, after the orientation was applied.
    public let width: Int
    public let height: Int
    public let format: PhotoFormat
    public let layout: SampleLayout
    /// EXIF's 1...8; 1 is upright.
    public let orientation: Int
    /// Pages of a TIFF, frames of an animation; the first is read.
    public let pages: Int
}
