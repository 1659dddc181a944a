/// Whether a WebP file (RFC 9649) holds a lossless image.
enum WebPHeader {
    static func isLossless(_ file: UnsafeRawBufferPointer) -> Bool {
        var reader = ByteReader(bytes: file)
        reader.bigEndian = false
        var offset = 12
        while let length = reader.number(offset + 4, bytes: 4).flatMap(Int.init(exactly:)) {
            if reader.matches("VP8L", at: offset) { return true }
            if reader.matches("VP8 ", at: offset) { return false }
            // A frame of an animation holds the image's chunk after 16 bytes of its own.
            offset += reader.matches("ANMF", at: offset) ? 8 + 16 : 8 + length + length % 2
        }
        return false
    }
}
