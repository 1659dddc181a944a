/// The chunks of a PNG file (ISO/IEC 15948 section 5).
struct PNGChunks {
    /// A chunk's four-letter name and its place, length and checksum included.
    struct Chunk {
        let name: String
        let range: Range<Int>
    }

    let chunks: [Chunk]
    /// Of the header chunk.
    let bitDepth: Int
    /// Of the header chunk: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.
    let colourType: Int

    /// Reads the names up to the end, or to where the file makes no sense.
    init?(_ file: UnsafeRawBufferPointer) {
        let reader = ByteReader(bytes: file)
        guard reader.matches("IHDR", at: 12), let depth = reader.byte(24), let type = reader.byte(25) else {
            return nil
        }
        (bitDepth, colourType) = (Int(depth), Int(type))
        var chunks: [Chunk] = []
        var offset = 8
        while let length = reader.number(offset, bytes: 4).map(Int.init), offset <= file.count - length - 12 {
            let name = String(decoding: file[offset + 4..<offset + 8], as: UTF8.self)
            chunks.append(Chunk(name: name, range: offset..<offset + 12 + length))
            offset += 12 + length
        }
        self.chunks = chunks
    }

    /// The chunks that say what the numbers look like, which libvips leaves out when it writes.
    private static let colourChunks = ["cHRM", "gAMA", "sRGB", "cICP", "mDCV", "cLLI"]

    /// Puts the source's colour chunks into a new PNG file, after its header chunk.
    static func copyColour(from source: UnsafeRawBufferPointer, to written: [UInt8]) -> [UInt8] {
        guard let old = PNGChunks(source), let new = written.withUnsafeBytes({ PNGChunks($0) }) else { return written }
        let present = Set(new.chunks.map(\.name))
        let missing = old.chunks.filter { colourChunks.contains($0.name) && !present.contains($0.name) }
        guard !missing.isEmpty, let header = new.chunks.first?.range else { return written }
        var result = Array(written[..<header.upperBound])
        for chunk in missing { result.append(contentsOf: source[chunk.range]) }
        result.append(contentsOf: written[header.upperBound...])
        return result
    }
}
