/// A decoded photo: RGB, interleaved, row-major, no padding, sRGB-encoded values, 8 or 16 bits per sample.
public struct RasterImage: Sendable, Equatable {
    public enum Samples: Sendable, Equatable {
        case u8([UInt8])
        case u16([UInt16])

        public var count: Int {
            switch self {
            case .u8(let values): values.count
            case .u16(let values): values.count
            }
        }
    }

    public static let channels = 3
    public let width: Int
    public let height: Int
    public internal(set) var samples: Samples

    /// - Parameters:
    ///   - width: in pixels.
    ///   - height: in pixels.
    ///   - samples: `3 * width * height` values.
    /// - Throws: ``FillError`` with `sizeMismatch`.
    public init(width: Int, height: Int, samples: Samples) throws {
        guard let pixels = pixelCount(width, height), pixels <= Int.max / Self.channels,
            samples.count == pixels * Self.channels
        else {
            throw FillError(
                .sizeMismatch, argument: "image", problem: "\(samples.count) samples for \(width)x\(height) RGB",
                remedy: "give width * height * 3 samples without padding")
        }
        self.width = width
        self.height = height
        self.samples = samples
    }

    public var bitDepth: Int {
        switch samples {
        case .u8: 8
        case .u16: 16
        }
    }
}

/// `width * height`, or nil where there are no pixels or too many to count.
func pixelCount(_ width: Int, _ height: Int) -> Int? {
    guard width > 0, height > 0 else { return nil }
    let (product, overflow) = width.multipliedReportingOverflow(by: height)
    return overflow ? nil : product
}
