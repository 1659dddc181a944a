import CJPEG

/// From the colours that a JPEG file decodes to, to the components that it stores (ITU-T T.871, 7).
struct JPEGColour {
    private let colour: refine_jpeg_colour
    private let bands: Int
    /// Adobe's programs store inks inverted.
    private let isInverted: Bool

    /// - Returns: nil for a colour space that is not known, or that does not have these bands.
    init?(_ info: refine_jpeg_info, bands: Int) {
        let expected: [(refine_jpeg_colour, Int, Int32)] = [
            (REFINE_JPEG_GREY, 1, 1), (REFINE_JPEG_YCC, 3, 3), (REFINE_JPEG_RGB, 3, 3), (REFINE_JPEG_CMYK, 4, 4),
            (REFINE_JPEG_YCCK, 4, 4),
        ]
        guard expected.contains(where: { $0.0 == info.colour && $0.1 == bands && $0.2 == info.components }) else {
            return nil
        }
        colour = info.colour
        self.bands = bands
        isInverted = info.has_adobe_marker != 0
    }

    /// The value of a component, 0...255, at a pixel.
    func value(_ component: Int, _ samples: UnsafeBufferPointer<UInt8>, at pixel: Int) -> Float {
        func band(_ index: Int) -> Float { Float(samples[pixel * bands + index]) }
        func ink(_ index: Int) -> Float { isInverted ? 255 - band(index) : band(index) }
        switch colour {
        case REFINE_JPEG_YCC: return Self.transformed(component, band(0), band(1), band(2))
        case REFINE_JPEG_CMYK: return ink(component)
        case REFINE_JPEG_YCCK:
            if component == 3 { return ink(3) }
            return Self.transformed(component, 255 - ink(0), 255 - ink(1), 255 - ink(2))
        default: return band(component)
        }
    }

    private static func transformed(_ component: Int, _ red: Float, _ green: Float, _ blue: Float) -> Float {
        switch component {
        case 0: 0.299 * red + 0.587 * green + 0.114 * blue
        case 1: -0.168735892 * red - 0.331264108 * green + 0.5 * blue + 128
        default: 0.5 * red - 0.418687589 * green - 0.081312411 * blue + 128
        }
    }
}
