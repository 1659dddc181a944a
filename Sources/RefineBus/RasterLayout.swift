import BusTransport

/// How raw pixels lie in memory: the `(uuus)` of `Manager.InpaintPixels`. Rows go from top to bottom, channels are
/// interleaved, and row `y` begins at byte `y * stride`.
public struct RasterLayout: Sendable, Equatable {
    /// What a pixel is made of. 16-bit samples are in the byte order of the machine; alpha is not premultiplied.
    public enum Format: String, Sendable, CaseIterable {
        case rgb8 = "RGB8"
        case rgba8 = "RGBA8"
        case rgb16 = "RGB16"
        case gray8 = "GRAY8"

        public var bytesPerPixel: Int {
            switch self {
            case .rgb8: 3
            case .rgba8: 4
            case .rgb16: 6
            case .gray8: 1
            }
        }
    }

    public let width: Int
    public let height: Int
    /// Bytes from the begin of a row to that of the next one.
    public let stride: Int
    public let format: Format

    /// The largest width or height, and the most pixels: those of photos in files.
    public static let largestSide = 30_000
    public static let mostPixels = 100_000_000
    /// The most bytes, padding included.
    public static let mostBytes = 1 << 30

    static let busType: BusType = .structure([.uint32, .uint32, .uint32, .string])

    /// Checks a layout.
    ///
    /// - Parameters:
    ///   - width: In pixels.
    ///   - height: In pixels.
    ///   - stride: Bytes from one row to the next.
    ///   - format: Of a pixel.
    ///   - argument: `layout` or `mask_layout`, for the error.
    /// - Throws: `RefineError` with code `invalidArgument` for no pixels or a stride shorter than a row, `tooLarge`.
    public init(
        width: UInt32, height: UInt32, stride: UInt32, format: Format, argument: String = "layout"
    ) throws(RefineError) {
        guard width > 0, height > 0 else {
            throw RefineError(
                .invalidArgument, argument, "no-pixels", "the size is \(width)x\(height)",
                remedy: "give the width and height in pixels")
        }
        // Sides first: their product must fit before it can be looked at.
        guard width <= Self.largestSide, height <= Self.largestSide, Int(width) * Int(height) <= Self.mostPixels else {
            throw RefineError(
                .tooLarge, argument, "too-many-pixels", "the size is \(width)x\(height)",
                remedy: "give at most \(Self.largestSide) pixels a side and \(Self.mostPixels / 1_000_000) megapixels")
        }
        let row = Int(width) * format.bytesPerPixel
        guard Int(stride) >= row else {
            throw RefineError(
                .invalidArgument, argument, "stride-too-short",
                "the stride is \(stride) bytes and a row of \(width) pixels of \(format.rawValue) \(row)",
                remedy: "give the bytes from one row to the next")
        }
        self.width = Int(width)
        self.height = Int(height)
        self.stride = Int(stride)
        self.format = format
        guard byteCount <= Self.mostBytes else {
            throw RefineError(
                .tooLarge, argument, "too-many-bytes", "height and stride make \(byteCount) bytes",
                remedy: "give a shorter stride, or fewer pixels")
        }
    }

    /// Without padding between rows.
    ///
    /// - Throws: as the other.
    public init(width: UInt32, height: UInt32, format: Format) throws(RefineError) {
        // A width whose row does not fit is refused for itself.
        let row = width.multipliedReportingOverflow(by: UInt32(format.bytesPerPixel))
        try self.init(width: width, height: height, stride: row.overflow ? .max : row.partialValue, format: format)
    }

    /// Reads the argument of a call.
    ///
    /// - Throws: `RefineError` that names the argument.
    public init(_ value: BusValue, argument: String) throws(RefineError) {
        guard case .structure(let fields) = value, fields.count == 4, case .uint32(let width) = fields[0],
            case .uint32(let height) = fields[1], case .uint32(let stride) = fields[2],
            case .string(let name) = fields[3]
        else { throw RefineError(.invalidArgument, argument, "wrong-type", "the layout is not a (uuus)") }
        guard let format = Format(rawValue: name) else {
            throw RefineError(
                .invalidArgument, argument, "unknown-format",
                "there is no format '\(InpaintOptions.printable(name))'",
                remedy: "use " + Format.allCases.map(\.rawValue).joined(separator: ", "))
        }
        try self.init(width: width, height: height, stride: stride, format: format, argument: argument)
    }

    /// Bytes of a row without its padding.
    public var rowBytes: Int { width * format.bytesPerPixel }

    /// Bytes from the first pixel to the end of the last one. Padding after the last row may be missing.
    public var byteCount: Int { stride * (height - 1) + rowBytes }

    public var busValue: BusValue {
        .structure([
            .uint32(UInt32(width)), .uint32(UInt32(height)), .uint32(UInt32(stride)), .string(format.rawValue),
        ])
    }
}
