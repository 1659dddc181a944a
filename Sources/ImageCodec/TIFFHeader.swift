/// What the first directory of a TIFF file says about how its samples are stored (TIFF 6.0 section 2, and BigTIFF).
struct TIFFHeader {
    /// Each tag's first value.
    private(set) var values: [Int: UInt64] = [:]
    private(set) var isBig = false

    static let bitsPerSample = 258
    static let compression = 259
    static let predictor = 317
    static let tileWidth = 322
    static let extraSamples = 338
    static let exifDirectory = 34665

    /// - Returns: nil when there is no directory to read.
    init?(_ file: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes: file)
        guard let order = reader.byte(0) else { return nil }
        reader.bigEndian = order == 0x4D
        isBig = reader.number(2, bytes: 2) == 43
        // BigTIFF has 8-byte offsets and counts.
        let word = isBig ? 8 : 4
        guard let first = reader.number(isBig ? 8 : 4, bytes: word).flatMap(Int.init(exactly:)),
            let count = reader.number(first, bytes: isBig ? 8 : 2).flatMap(Int.init(exactly:)), count <= 4096
        else { return nil }
        for index in 0..<count {
            let entry = first + (isBig ? 8 : 2) + index * (isBig ? 20 : 12)
            guard let tag = reader.number(entry, bytes: 2).map(Int.init),
                let type = reader.number(entry + 2, bytes: 2).map(Int.init),
                let length = reader.number(entry + 4, bytes: word), let size = Self.sizes[type]
            else { continue }
            var offset = entry + 4 + word
            if length > UInt64(word / size) {
                guard let elsewhere = reader.number(offset, bytes: word).flatMap(Int.init(exactly:)) else { continue }
                offset = elsewhere
            }
            guard let value = reader.number(offset, bytes: size) else { continue }
            values[tag] = value
        }
    }

    /// Bytes of the field types that hold unsigned whole numbers: BYTE, SHORT, LONG, IFD, LONG8, IFD8.
    private static let sizes = [1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8]
}
