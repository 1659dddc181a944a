/// EXIF's thumbnail, a small JPEG file in a second directory (CIPA DC-008, 4.6.2).
enum EXIFThumbnail {
    /// The block without its second directory and with zeros where the thumbnail was: no other byte moves, because
    /// makers' notes hold offsets into the block.
    ///
    /// - Parameter block: from the TIFF header on.
    /// - Returns: nil when there is none, or when the block makes no sense.
    static func removed(from block: [UInt8]) -> [UInt8]? {
        block.withUnsafeBytes { bytes -> [UInt8]? in
            var reader = ByteReader(bytes: bytes)
            guard reader.matches("MM", at: 0) || reader.matches("II", at: 0) else { return nil }
            reader.bigEndian = reader.matches("MM", at: 0)
            func number(_ offset: Int, _ length: Int) -> Int? { reader.number(offset, bytes: length).map(Int.init) }
            guard let first = number(4, 4), let count = number(first, 2) else { return nil }
            let link = first + 2 + 12 * count
            guard let second = number(link, 4), second > 0 else { return nil }
            var result = Array(bytes)
            func clear(_ start: Int, _ length: Int) {
                guard start >= 8, length > 0, start < result.count, length <= result.count - start else { return }
                for index in start..<start + length { result[index] = 0 }
            }
            var (start, length) = (0, 0)
            if let entries = number(second, 2) {
                for entry in 0..<entries {
                    let at = second + 2 + 12 * entry
                    switch number(at, 2) {
                    case 0x0201: start = number(at + 8, 4) ?? 0
                    case 0x0202: length = number(at + 8, 4) ?? 0
                    default: break
                    }
                }
                clear(start, length)
                clear(second, 2 + 12 * entries + 4)
            }
            clear(link, 4)
            return result
        }
    }
}
