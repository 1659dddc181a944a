import CVips

/// Reads one image file: the header at once, the pixels when asked.
///
/// Pixels come upright (EXIF's orientation is applied). Not Sendable: it stays with the thread that made it.
///
/// ```swift
/// try CodecLibrary.start()
/// let file = try FileBytes(descriptor: 0, argument: "image")
/// let photo = try PhotoReader(file: file, argument: "image")
/// var pixels = [UInt8](repeating: 0, count: photo.rgbByteCount)
/// try pixels.withUnsafeMutableBytes { try photo.readRGB(into: $0) }
/// ```
public final class PhotoReader {
    public let info: PhotoInfo
    let file: FileBytes
    let argument: String
    /// As the loader hands it out, orientation not yet applied.
    private let opened: VipsPicture
    /// Reads from `file`, so it must not outlive it.
    private let source: OpaqueSource

    /// Reads the header.
    ///
    /// - Parameters:
    ///   - file: in any format that is read.
    ///   - argument: what errors call the file, such as "image".
    ///   - limits: how large it may be.
    /// - Throws: `CodecError`: `unsupportedFormat`, `invalidArgument` for a damaged header, `tooLarge`.
    public init(file: FileBytes, argument: String, limits: CodecLimits = CodecLimits()) throws {
        guard let format = file.format else {
            throw CodecError(
                .unsupportedFormat, argument: argument, reason: "not-an-image",
                message: "The \(argument) is no JPEG, PNG, WebP, TIFF, HEIF, AVIF or GIF file. Export it as PNG.")
        }
        try CodecLibrary.start(heif: format.needsHEIF)
        self.file = file
        self.argument = argument
        source = try OpaqueSource(file, argument: argument)
        opened = try Self.open(source, format: format, access: VIPS_ACCESS_SEQUENTIAL, argument: argument)
        try limits.check(width: opened.width, height: opened.height, argument: argument)
        let orientation = Int(vips_image_get_orientation(opened.image))
        let swaps = orientation >= 5
        info = PhotoInfo(
            width: swaps ? opened.height : opened.width, height: swaps ? opened.width : opened.height,
            format: format, layout: try Self.layout(of: opened, argument: argument), orientation: orientation,
            pages: Int(vips_image_get_n_pages(opened.image)))
    }

    /// The upright picture. Decodes as rows are asked for, unless it must be turned, which takes all of it in memory.
    func upright() throws -> VipsPicture {
        guard info.orientation > 1 else { return opened }
        // A streaming loader hands out rows once, from the top: turning needs another kind of access.
        let random = try Self.open(
            OpaqueSource(file, argument: argument), format: info.format, access: VIPS_ACCESS_RANDOM, argument: argument)
        guard let turned = VipsPicture.make({ refine_vips_upright(random.image, $0) }) else {
            throw Self.damaged(argument)
        }
        return turned
    }

    static func damaged(_ argument: String) -> CodecError {
        if CodecLibrary.takeError().contains("out of memory") {
            return CodecError(
                .tooLarge, argument: argument, reason: "memory",
                message: "The \(argument) needs more memory than a worker may use. Scale it down.")
        }
        return CodecError(
            .invalidArgument, argument: argument, reason: "damaged",
            message: "The \(argument) file is damaged or cut short. Copy or export it again.")
    }

    static func open(
        _ source: OpaqueSource, format: PhotoFormat, access: VipsAccess, argument: String
    ) throws -> VipsPicture {
        let picture = VipsPicture.make { out in
            switch format {
            case .jpeg: refine_vips_load_jpeg(source.source, access, out)
            case .png: refine_vips_load_png(source.source, access, out)
            case .webp: refine_vips_load_webp(source.source, access, out)
            case .tiff: refine_vips_load_tiff(source.source, access, out)
            case .gif: refine_vips_load_gif(source.source, access, out)
            case .heic, .avif: refine_vips_load_heif_image(source.source, access, out)
            }
        }
        guard let picture else { throw damaged(argument) }
        return picture
    }

    private static func layout(of picture: VipsPicture, argument: String) throws -> SampleLayout {
        func unsupported(_ what: String) -> CodecError {
            CodecError(
                .unsupportedFormat, argument: argument, reason: "samples",
                message: "The \(argument) has \(what). Export it as grey or RGB with 8 or 16 bits a channel.")
        }
        let bitDepth: Int
        switch vips_image_get_format(picture.image) {
        case VIPS_FORMAT_UCHAR: bitDepth = 8
        case VIPS_FORMAT_USHORT: bitDepth = 16
        default: throw unsupported("samples of another kind than 8 or 16 bits")
        }
        guard vips_image_get_coding(picture.image) == VIPS_CODING_NONE else { throw unsupported("coded samples") }
        let colour: SampleLayout.Colour
        switch vips_image_get_interpretation(picture.image) {
        case VIPS_INTERPRETATION_B_W, VIPS_INTERPRETATION_GREY16: colour = .grey
        case VIPS_INTERPRETATION_sRGB, VIPS_INTERPRETATION_RGB, VIPS_INTERPRETATION_RGB16: colour = .rgb
        case VIPS_INTERPRETATION_CMYK: colour = .cmyk
        case VIPS_INTERPRETATION_MULTIBAND where picture.bands <= 2: colour = .grey
        case VIPS_INTERPRETATION_MULTIBAND where picture.bands <= 4: colour = .rgb
        default: throw unsupported("another colour space than grey, RGB or CMYK")
        }
        let extra = picture.bands - colour.bands
        guard (0...4).contains(extra) else { throw unsupported("\(picture.bands) channels") }
        return SampleLayout(colour: colour, extraBands: extra, bitDepth: bitDepth)
    }
}

/// Owns a source of libvips over the bytes of a file, and keeps the bytes.
final class OpaqueSource {
    let source: UnsafeMutablePointer<VipsSource>
    private let file: FileBytes

    init(_ file: FileBytes, argument: String) throws {
        guard let source = vips_source_new_from_memory(file.memory.baseAddress, file.count) else {
            throw PhotoReader.damaged(argument)
        }
        self.source = source
        self.file = file
    }

    deinit { g_object_unref(source) }
}
