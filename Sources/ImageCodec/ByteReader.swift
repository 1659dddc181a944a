/// Reads numbers out of bytes from a file, with every bound checked: nil where there are no such bytes.
struct ByteReader {
    let bytes: UnsafeRawBufferPointer
    var bigEndian = true

    func byte(_ offset: Int) -> UInt8? {
        offset >= 0 && offset < bytes.count ? bytes[offset] : nil
    }

    /// An unsigned number of 1 to 8 bytes.
    func number(_ offset: Int, bytes length: Int) -> UInt64? {
        guard offset >= 0, length > 0, length <= 8, offset <= bytes.count - length else { return nil }
        var value: UInt64 = 0
        for i in 0..<length { value = value << 8 | UInt64(bytes[offset + (bigEndian ? i : length - 1 - i)]) }
        return value
    }

    /// True when the bytes at `offset` are these.
    func matches(_ text: StaticString, at offset: Int) -> Bool {
        guard offset >= 0, offset <= bytes.count - text.utf8CodeUnitCount else { return false }
        return (0..<text.utf8CodeUnitCount).allSatisfy { bytes[offset + $0] == text.utf8Start[$0] }
    }
}
