/// How a JPEG file was made, read from its markers (ITU-T T.81, annex B), so that it can be written alike.
struct JPEGHeader: Equatable {
    /// The IJG quality whose tables are the file's, or the nearest that is not coarser.
    var quality: Int
    /// The tables are exactly those of `quality`.
    var qualityIsExact: Bool
    var progressive: Bool
    /// Horizontal and vertical sampling of the first component against the second: 2, 2 for 4:2:0; 1, 1 for grey.
    var chromaDivisors: [Int]

    /// - Returns: nil when the markers make no sense.
    init?(_ file: UnsafeRawBufferPointer) {
        let reader = ByteReader(bytes: file)
        var tables: [Int: [Int]] = [:]
        var frame: (progressive: Bool, sampling: [UInt8], tables: [Int])?
        var offset = 2
        // Markers up to the first scan; fill bytes (0xFF) may come before each.
        while let lead = reader.byte(offset), lead == 0xFF, let marker = reader.byte(offset + 1) {
            if marker == 0xFF {
                offset += 1
                continue
            }
            guard let length = reader.number(offset + 2, bytes: 2).map(Int.init), length >= 2 else { return nil }
            let (start, end) = (offset + 4, offset + 2 + length)
            switch marker {
            case 0xDB: Self.readTables(reader, start..<end, into: &tables)
            // All kinds of frames; DHT, JPG and DAC lie between their numbers.
            case 0xC0...0xCF where ![0xC4, 0xC8, 0xCC].contains(marker):
                guard let count = reader.byte(start + 5).map(Int.init), (1...4).contains(count) else { return nil }
                let components = (0..<count).compactMap { index -> (UInt8, Int)? in
                    guard let sampling = reader.byte(start + 7 + 3 * index),
                        let table = reader.byte(start + 8 + 3 * index)
                    else { return nil }
                    return (sampling, Int(table))
                }
                guard components.count == count else { return nil }
                frame = (marker & 3 == 2, components.map(\.0), components.map(\.1))
            default: break
            }
            if marker == 0xDA { break }
            offset = end
        }
        guard let frame, let luma = tables[frame.tables[0]] else { return nil }
        let chroma = frame.tables.count >= 3 ? tables[frame.tables[1]] : nil
        progressive = frame.progressive
        if frame.sampling.count >= 3, frame.sampling[1] & 15 > 0, frame.sampling[1] >> 4 > 0 {
            let (first, second) = (frame.sampling[0], frame.sampling[1])
            chromaDivisors = [Int(first >> 4) / Int(second >> 4), Int(first & 15) / Int(second & 15)]
        } else {
            chromaDivisors = [1, 1]
        }
        (quality, qualityIsExact) = Self.quality(luma: luma, chroma: chroma)
    }

    private static func readTables(_ reader: ByteReader, _ range: Range<Int>, into tables: inout [Int: [Int]]) {
        var offset = range.lowerBound
        while offset < range.upperBound, let head = reader.byte(offset).map(Int.init) {
            let width = head >> 4 == 0 ? 1 : 2
            let values = (0..<64).compactMap { reader.number(offset + 1 + $0 * width, bytes: width).map(Int.init) }
            guard values.count == 64 else { return }
            tables[head & 15] = values
            offset += 1 + 64 * width
        }
    }

    /// The quality whose tables equal these; else the coarsest whose tables are, in sum, at least as fine.
    static func quality(luma: [Int], chroma: [Int]?) -> (quality: Int, exact: Bool) {
        let wanted = luma.reduce(0, +) + (chroma ?? []).reduce(0, +)
        for quality in 1...100 {
            let (bright, colour) = (scaled(standardLuma, quality), scaled(standardChroma, quality))
            if bright == luma, chroma == nil || colour == chroma { return (quality, true) }
        }
        for quality in 1...100 {
            let sum =
                scaled(standardLuma, quality).reduce(0, +)
                + (chroma == nil ? 0 : scaled(standardChroma, quality).reduce(0, +))
            if sum <= wanted { return (quality, false) }
        }
        return (100, false)
    }

    /// A table at a quality, as libjpeg's jpeg_set_quality makes it, in zigzag order.
    private static func scaled(_ table: [Int], _ quality: Int) -> [Int] {
        let scale = quality < 50 ? 5000 / quality : 200 - quality * 2
        return zigzag.map { min(max((table[$0] * scale + 50) / 100, 1), 255) }
    }

    /// T.81 figure A.6: the natural position of each coefficient in the file's order.
    private static let zigzag = [
        0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14,
        21,
        28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61,
        54, 47, 55, 62, 63,
    ]
    /// T.81 table K.1.
    private static let standardLuma = [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29,
        51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121,
        120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ]
    /// T.81 table K.2.
    private static let standardChroma = [
        17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
    ]
}
