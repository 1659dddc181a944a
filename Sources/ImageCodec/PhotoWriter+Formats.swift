import CVips

extension PhotoWriter {
    /// zlib's level for PNG files that libvips writes. With the Paeth filter, 512x512 pixels of rock took 16 ms and 405 kB,
    /// of a smooth wall 8 ms and 127 kB; level 4 31 ms and 440 kB, 12 ms and 108 kB; zlib's default of 6 with a filter
    /// chosen per row 77 ms and 413 kB, 34 ms and 96 kB. A photo of 12 megapixels is written in 0.8 s instead of 1.4 s.
    static let pngCompression: Int32 = 2
    /// For lossy formats whose quality cannot be read from the source.
    static let assumedQuality = 90

    /// Writes the picture in the format of the file that `reader` read, and as that file was written.
    ///
    /// - Parameter memory: the samples of the picture, and the room that `PNGEncoder` needs. They may be used up.
    static func save(
        _ picture: VipsPicture, over memory: UnsafeMutableRawBufferPointer, like reader: PhotoReader,
        options: PhotoWriterOptions, notes: [String]
    ) throws -> EncodedFile {
        switch reader.info.format {
        case .png: try savePNG(picture, over: memory, like: reader, notes: notes)
        case .jpeg: try saveJPEG(picture, like: reader, options: options, notes: notes)
        case .tiff: try saveTIFF(picture, like: reader, notes: notes)
        case .webp: try saveWebP(picture, like: reader, options: options, notes: notes)
        case .heic, .avif: try saveHEIF(picture, like: reader, options: options, notes: notes)
        // A palette cannot take new colours without moving old ones.
        case .gif:
            EncodedFile(
                format: .png, bytes: try png(picture, interlaced: false), notes: notes + ["written-as-png", "lossless"])
        }
    }

    static func png(_ picture: VipsPicture, interlaced: Bool) throws -> [UInt8] {
        try write {
            refine_vips_save_png(
                picture.image, $0, pngCompression, interlaced ? 1 : 0, Int32(VIPS_FOREIGN_PNG_FILTER_PAETH.rawValue))
        }
    }

    private static func savePNG(
        _ picture: VipsPicture, over memory: UnsafeMutableRawBufferPointer, like reader: PhotoReader, notes: [String]
    ) throws -> EncodedFile {
        var notes = notes
        let source = UnsafeRawBufferPointer(reader.file.memory)
        if let chunks = PNGChunks(source) {
            // New colours need room: written with 8 bits a channel, in which the old pixels decode as before.
            if chunks.colourType == 3 { notes.append("palette-expanded") }
            if chunks.colourType == 0, chunks.bitDepth < 8 { notes.append("bit-depth-expanded") }
        }
        let info = reader.info
        let fast =
            PNGEncoder.takes(picture, byteCount: reader.ownByteCount)
            ? try PNGEncoder.file(memory, like: picture, width: info.width, height: info.height, layout: info.layout)
            : nil
        let bytes = try fast ?? png(picture, interlaced: picture.has("interlaced"))
        return EncodedFile(
            format: .png, bytes: PNGChunks.copyColour(from: source, to: bytes), notes: notes + ["lossless"])
    }

    private static func saveJPEG(
        _ picture: VipsPicture, like reader: PhotoReader, options: PhotoWriterOptions, notes: [String]
    ) throws -> EncodedFile {
        let header = JPEGHeader(UnsafeRawBufferPointer(reader.file.memory))
        var notes = notes + ["lossy"]
        let quality = options.quality ?? header?.quality ?? assumedQuality
        notes.append("jpeg-quality=\(quality)")
        if options.quality == nil, header?.qualityIsExact != true { notes.append("jpeg-quality-estimated") }
        let divisors = header?.chromaDivisors ?? [1, 1]
        let subsample = divisors == [2, 2]
        // libvips writes 4:2:0 and 4:4:4; what lies between keeps all its colour.
        if !subsample, divisors != [1, 1] { notes.append("jpeg-subsampling-raised") }
        let progressive: Int32 = header?.progressive == true ? 1 : 0
        let bytes = try write {
            refine_vips_save_jpeg(picture.image, $0, Int32(quality), progressive, subsample ? 1 : 0)
        }
        return EncodedFile(format: .jpeg, bytes: bytes, notes: notes)
    }

    private static func saveTIFF(_ picture: VipsPicture, like reader: PhotoReader, notes: [String]) throws
        -> EncodedFile
    {
        guard let header = TIFFHeader(UnsafeRawBufferPointer(reader.file.memory)) else {
            throw PhotoReader.damaged(reader.argument)
        }
        var notes = notes
        let compression: VipsForeignTiffCompression
        switch header.values[TIFFHeader.compression] ?? 1 {
        case 1: compression = VIPS_FOREIGN_TIFF_COMPRESSION_NONE
        case 5: compression = VIPS_FOREIGN_TIFF_COMPRESSION_LZW
        case 8, 32946: compression = VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE
        case 32773: compression = VIPS_FOREIGN_TIFF_COMPRESSION_PACKBITS
        case 50000: compression = VIPS_FOREIGN_TIFF_COMPRESSION_ZSTD
        default:
            // JPEG, fax and others: lossy, or not for the samples that are written.
            compression = VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE
            notes.append("tiff-compression-deflate")
        }
        if (header.values[TIFFHeader.bitsPerSample] ?? 1) < 8 { notes.append("bit-depth-expanded") }
        if header.values[TIFFHeader.exifDirectory] != nil { notes.append("exif-dropped") }
        let tiled = header.values[TIFFHeader.tileWidth] != nil
        let bytes = try write {
            refine_vips_save_tiff(
                picture.image, $0, compression, VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL, tiled ? 1 : 0,
                header.isBig ? 1 : 0)
        }
        // Alpha that was multiplied into the colours is divided out by the loader, and stays so.
        if header.values[TIFFHeader.extraSamples] == 1 { notes.append("alpha-unassociated") }
        return EncodedFile(format: .tiff, bytes: bytes, notes: notes + ["lossless"])
    }

    private static func saveWebP(
        _ picture: VipsPicture, like reader: PhotoReader, options: PhotoWriterOptions, notes: [String]
    ) throws -> EncodedFile {
        let lossless = WebPHeader.isLossless(UnsafeRawBufferPointer(reader.file.memory))
        let quality = options.quality ?? assumedQuality
        let bytes = try write {
            refine_vips_save_webp(picture.image, $0, lossless ? 1 : 0, Int32(lossless ? 75 : quality))
        }
        var notes = notes + (lossless ? ["lossless"] : ["lossy", "webp-quality=\(quality)"])
        // libwebp, as libvips calls it, sets the colour of what cannot be seen.
        if lossless, reader.info.layout.hasAlpha { notes.append("transparent-colours-dropped") }
        return EncodedFile(format: .webp, bytes: bytes, notes: notes)
    }

    private static func saveHEIF(
        _ picture: VipsPicture, like reader: PhotoReader, options: PhotoWriterOptions, notes: [String]
    ) throws -> EncodedFile {
        let quality = options.quality ?? assumedQuality
        // 8, 10 or 12; 16-bit samples hold the file's bits at their top.
        var bitDepth = min(picture.integer("heif-bitdepth") ?? reader.info.layout.bitDepth, 12)
        var notes = notes + ["lossy", "\(reader.info.format.rawValue)-quality=\(quality)"]
        // libheif 1.15 asks libaom for 10 bits without subsampling in a way that makes it abort; more bits lose nothing.
        if reader.info.format == .avif, bitDepth == 10 {
            bitDepth = 12
            notes.append("bit-depth-expanded")
        }
        let bytes = try write {
            refine_vips_save_heif(
                picture.image, $0, reader.info.format == .avif ? 1 : 0, Int32(quality), Int32(bitDepth))
        }
        return EncodedFile(format: reader.info.format, bytes: bytes, notes: notes)
    }
}
