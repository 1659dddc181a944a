import CVips

/// Writes plain samples as an image file, without a source to be like.
public enum PixelFile {
    /// A lossless PNG.
    ///
    /// - Parameters:
    ///   - samples: `[height, width, bands]`, 8 bits or native-endian 16.
    ///   - width: in pixels.
    ///   - height: in pixels.
    ///   - bands: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
    ///   - bitDepth: 8 or 16.
    /// - Throws: `CodecError` when the sizes do not fit together or the encoder fails.
    public static func png(
        samples: UnsafeRawBufferPointer, width: Int, height: Int, bands: Int, bitDepth: Int = 8
    ) throws -> [UInt8] {
        try PhotoWriter.png(
            picture(over: samples, width: width, height: height, bands: bands, bitDepth: bitDepth), interlaced: false)
    }

    /// A TIFF, compressed by deflate. Parameters as in `png`.
    public static func tiff(
        samples: UnsafeRawBufferPointer, width: Int, height: Int, bands: Int, bitDepth: Int = 8
    ) throws -> [UInt8] {
        let picture = try picture(over: samples, width: width, height: height, bands: bands, bitDepth: bitDepth)
        return try PhotoWriter.write {
            refine_vips_save_tiff(
                picture.image, $0, VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE, VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL, 0, 0)
        }
    }

    /// A JPEG of grey or RGB samples of 8 bits.
    public static func jpeg(
        samples: UnsafeRawBufferPointer, width: Int, height: Int, bands: Int, quality: Int, subsample: Bool = true
    ) throws -> [UInt8] {
        let picture = try picture(over: samples, width: width, height: height, bands: bands, bitDepth: 8)
        return try PhotoWriter.write {
            refine_vips_save_jpeg(picture.image, $0, Int32(quality), 0, subsample ? 1 : 0)
        }
    }

    /// The image uses `samples` in place: they must stay as long as it does.
    private static func picture(
        over samples: UnsafeRawBufferPointer, width: Int, height: Int, bands: Int, bitDepth: Int
    ) throws -> VipsPicture {
        try CodecLibrary.start()
        guard width > 0, height > 0, (1...4).contains(bands), bitDepth == 8 || bitDepth == 16,
            samples.count == width * height * bands * bitDepth / 8
        else {
            throw CodecError(
                .invalidArgument, argument: "samples", reason: "size",
                message: "The samples do not fit \(width)x\(height) pixels of \(bands) bands and \(bitDepth) bits.")
        }
        let space =
            switch (bands, bitDepth) {
            case (1...2, 8): VIPS_INTERPRETATION_B_W
            case (1...2, _): VIPS_INTERPRETATION_GREY16
            case (_, 8): VIPS_INTERPRETATION_sRGB
            default: VIPS_INTERPRETATION_RGB16
            }
        guard
            let image = refine_vips_over_memory(
                samples.baseAddress, samples.count, Int32(width), Int32(height), Int32(bands),
                bitDepth == 8 ? VIPS_FORMAT_UCHAR : VIPS_FORMAT_USHORT, space)
        else { throw PhotoWriter.failed() }
        return VipsPicture(owning: image)
    }
}
