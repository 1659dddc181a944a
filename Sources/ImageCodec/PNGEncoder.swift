import CPNG
import CVips

/// Writes the pixels of a PNG file: a third of the time that libvips takes, whose pipeline of threads costs more than
/// its work for a photo of this size, and smaller files.
enum PNGEncoder {
    /// Bytes of samples above which libvips writes, row by row: here all of them are in memory filtered, and once more
    /// compressed.
    private static let mostBytes = 1 << 28

    /// Bytes of room behind the samples that ``file(_:like:width:height:layout:)`` needs.
    static func room(height: Int) -> Int { height }

    /// Whether a picture can be written here.
    ///
    /// EXIF tells the size of the picture, which libvips takes from the one that it writes.
    static func takes(_ picture: VipsPicture, byteCount: Int) -> Bool {
        byteCount <= mostBytes && !picture.has("interlaced") && !picture.has(VIPS_META_EXIF_NAME)
    }

    /// - Parameters:
    ///   - memory: `[height, width, bands]` and ``room(height:)`` bytes more; it is used up.
    ///   - picture: has the metadata.
    /// - Returns: the file; nil where memory is short, or libvips would write the samples in another way.
    static func file(
        _ memory: UnsafeMutableRawBufferPointer, like picture: VipsPicture, width: Int, height: Int,
        layout: SampleLayout
    ) throws -> [UInt8]? {
        let rowBytes = width * layout.pixelBytes
        guard memory.count >= (rowBytes + 1) * height, let samples = memory.bindMemory(to: UInt8.self).baseAddress
        else {
            return nil
        }
        // All but the pixels are libvips': the file of a single one, with the metadata of all.
        guard
            let one = refine_vips_over_memory(
                samples, layout.pixelBytes, 1, 1, Int32(layout.bands), vips_image_get_format(picture.image),
                vips_image_get_interpretation(picture.image))
        else { throw PhotoWriter.failed() }
        let frame = VipsPicture(owning: one)
        refine_vips_copy_metadata(picture.image, frame.image)
        let written = try PhotoWriter.png(frame, interlaced: false)
        guard let chunks = written.withUnsafeBytes({ PNGChunks($0) }), chunks.bitDepth == layout.bitDepth,
            chunks.colourType == colourTypes[layout.bands]
        else { return nil }

        let swaps = layout.bitDepth == 16 && UInt16(1).littleEndian == 1
        guard refine_png_filter(samples, rowBytes, height, layout.pixelBytes, swaps ? 1 : 0) == 0,
            let pixels = deflated(samples, (rowBytes + 1) * height)
        else { throw PhotoWriter.failed() }
        return assembled(written, chunks, pixels, width: width, height: height)
    }

    /// By bands: grey, grey and alpha, RGB, RGB and alpha.
    private static let colourTypes: [Int: Int] = [1: 0, 2: 4, 3: 2, 4: 6]

    /// A zlib stream; nil where memory is short.
    private static func deflated(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> [UInt8]? {
        let bound = refine_png_deflate_bound(count)
        let stream = [UInt8](unsafeUninitializedCapacity: bound) { target, length in
            length = target.baseAddress.map { refine_png_deflate(bytes, count, $0, bound) } ?? 0
        }
        return stream.isEmpty ? nil : stream
    }

    /// The chunks of `written`, with the size and the pixels of the whole picture.
    private static func assembled(
        _ written: [UInt8], _ chunks: PNGChunks, _ pixels: [UInt8], width: Int, height: Int
    ) -> [UInt8] {
        var file = Array(written[..<8])
        file.reserveCapacity(written.count + pixels.count)
        for chunk in chunks.chunks {
            let body = written[chunk.range].dropFirst(8).dropLast(4)
            switch chunk.name {
            case "IHDR": append(chunk.name, bigEndian(width) + bigEndian(height) + body.dropFirst(8), to: &file)
            case "IDAT": append(chunk.name, pixels, to: &file)
            default: file.append(contentsOf: written[chunk.range])
            }
        }
        return file
    }

    private static func append(_ name: String, _ body: some Collection<UInt8>, to file: inout [UInt8]) {
        file.append(contentsOf: bigEndian(body.count))
        let start = file.count
        file.append(contentsOf: name.utf8)
        file.append(contentsOf: body)
        let sum = file.withUnsafeBufferPointer { bytes in
            bytes.baseAddress.map { refine_png_checksum($0 + start, bytes.count - start) } ?? 0
        }
        file.append(contentsOf: bigEndian(Int(sum)))
    }

    private static func bigEndian(_ number: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    }
}
