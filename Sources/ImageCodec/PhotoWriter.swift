import CVips

/// An image file in memory.
public struct EncodedFile: Sendable {
    public let format: PhotoFormat
    public let bytes: [UInt8]
    /// Codes of what was done that a user may want to know: "lossless", "jpeg-quality=92", "thumbnail-dropped", ...
    public let notes: [String]
}

/// Choices for writing a filled photo.
public struct PhotoWriterOptions: Sendable {
    /// 1...100 for lossy formats; nil keeps what the source was written with.
    public var quality: Int?

    public init(quality: Int? = nil) { self.quality = quality }
}

/// Writes a photo again with its hole filled: the same format, bands, depth and metadata.
///
/// Pixels where `changed` is 0 are the source's own; lossless formats keep them bit for bit. Of a JPEG file only the
/// blocks that the fill touches are encoded, as the file is stored; in other formats the orientation is applied to the
/// pixels and reset in the metadata. Thumbnails, which show the photo before the fill, are left out.
public enum PhotoWriter {
    /// - Parameters:
    ///   - source: the photo as it was given.
    ///   - fill: what is to be put into it.
    ///   - pixels: `[height, width, 3]`, the photo as `PhotoReader.readRGB` gave it; nil where that is not known. Where it
    ///     is all that the photo has, the photo is not decoded once more.
    ///   - width: of the upright photo.
    ///   - height: of the upright photo.
    ///   - bitDepth: 8 or 16, that of the fill.
    ///   - options: of the encoder.
    ///   - limits: how large the source may be.
    /// - Throws: `CodecError`.
    public static func encode(
        source: FileBytes, fill: FilledPart, pixels: UnsafeRawBufferPointer? = nil, width: Int, height: Int,
        bitDepth: Int, options: PhotoWriterOptions = PhotoWriterOptions(), limits: CodecLimits = CodecLimits()
    ) throws -> EncodedFile {
        let reader = try PhotoReader(file: source, argument: "image", limits: limits)
        let info = reader.info
        guard info.width == width, info.height == height, info.layout.bitDepth == bitDepth else {
            throw CodecError(
                .invalidArgument, argument: "image", reason: "image-changed",
                message: "The photo was changed while it was being filled. Fill it again.")
        }
        try fill.check(width: width, height: height, bitDepth: bitDepth)
        if info.format == .jpeg, options.quality == nil {
            if let patched = try patchJPEG(reader, fill) { return patched }
            // libvips streams a file once.
            return try encodeAnew(
                PhotoReader(file: source, argument: "image", limits: limits), fill, pixels, options: options)
        }
        return try encodeAnew(reader, fill, pixels, options: options)
    }

    /// Takes the photo in its own bands, puts the fill in, and encodes all of it.
    private static func encodeAnew(
        _ reader: PhotoReader, _ fill: FilledPart, _ pixels: UnsafeRawBufferPointer?, options: PhotoWriterOptions
    ) throws -> EncodedFile {
        let info = reader.info
        let (width, height) = (info.width, info.height)
        // 64 bytes: libvips and its savers may read samples by vectors.
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: reader.ownByteCount + PNGEncoder.room(height: height), alignment: 64)
        defer { memory.deallocate() }
        let samples = UnsafeMutableRawBufferPointer(rebasing: memory[..<reader.ownByteCount])
        let decoded: VipsPicture
        if let pixels, info.layout.colour == .rgb, info.layout.extraBands == 0, pixels.count == samples.count {
            samples.copyMemory(from: pixels)
            decoded = try reader.upright()
        } else {
            decoded = try reader.readOwn(into: samples)
        }
        try FillBlend.apply(
            fill, to: samples, layout: info.layout, width: width, profile: decoded.blob(VIPS_META_ICC_NAME))

        guard
            let over = refine_vips_over_memory(
                samples.baseAddress, samples.count, Int32(width), Int32(height), Int32(info.layout.bands),
                vips_image_get_format(decoded.image), interpretation(of: info.layout))
        else { throw failed() }
        let picture = VipsPicture(owning: over)
        var notes = SourceMetadata.copy(from: decoded, to: picture)
        if info.format == .jpeg { notes.append("jpeg-encoded-anew") }
        if info.orientation > 1 { notes.append("orientation-applied") }
        if info.layout.hasAlpha { notes.append("alpha-kept") }
        if info.layout.colour == .grey { notes.append("grey-kept") }
        if info.layout.colour == .cmyk { notes.append("cmyk-converted") }
        if info.pages > 1 { notes.append("first-page-only") }
        return try save(picture, over: memory, like: reader, options: options, notes: notes)
    }

    /// The meaning of the samples, stated anew: libvips converts what a saver does not expect.
    private static func interpretation(of layout: SampleLayout) -> VipsInterpretation {
        switch (layout.colour, layout.bitDepth) {
        case (.grey, 8): VIPS_INTERPRETATION_B_W
        case (.grey, _): VIPS_INTERPRETATION_GREY16
        case (.rgb, 8): VIPS_INTERPRETATION_sRGB
        case (.rgb, _): VIPS_INTERPRETATION_RGB16
        case (.cmyk, _): VIPS_INTERPRETATION_CMYK
        }
    }

    static func failed() -> CodecError {
        let memory = CodecLibrary.takeError().contains("out of memory")
        return CodecError(
            memory ? .tooLarge : .failed, argument: "image", reason: memory ? "memory" : "encoding",
            message: memory
                ? "The photo needs more memory than a worker may use. Scale it down."
                : "The filled photo could not be written in its format. Convert the photo to PNG first.")
    }

    /// Runs a saver and takes what it wrote.
    static func write(_ save: (UnsafeMutablePointer<VipsTarget>) -> Int32) throws -> [UInt8] {
        guard let target = vips_target_new_to_memory() else { throw failed() }
        defer { g_object_unref(target) }
        guard save(target) == 0 else { throw failed() }
        var bytes: UnsafeRawPointer?
        var size = 0
        guard let blob = refine_vips_take_output(target, &bytes, &size) else { throw failed() }
        defer { refine_vips_drop_output(blob) }
        return Array(UnsafeRawBufferPointer(start: bytes, count: size))
    }
}
