/// Photoshop's image resource blocks, in which JPEG and TIFF files carry IPTC data, and thumbnails.
enum PhotoshopResources {
    /// Resource numbers of thumbnails (Adobe Photoshop File Formats Specification).
    private static let thumbnails: Set<UInt64> = [1033, 1036]

    /// The blocks without thumbnails; nil when there are none, or when the blocks make no sense.
    static func withoutThumbnails(_ blob: [UInt8]) -> [UInt8]? {
        blob.withUnsafeBytes { bytes -> [UInt8]? in
            let reader = ByteReader(bytes: bytes)
            // JPEG's segment begins with a name, TIFF's tag does not.
            var offset = reader.matches("Photoshop 3.0\0", at: 0) ? 14 : 0
            var kept = Array(bytes[..<offset])
            var dropped = false
            while reader.matches("8BIM", at: offset), let number = reader.number(offset + 4, bytes: 2),
                let nameLength = reader.byte(offset + 6)
            {
                // The name with its length byte, and the data, are padded to even lengths.
                let sizeOffset = offset + 6 + (Int(nameLength) + 2) / 2 * 2
                guard let size = reader.number(sizeOffset, bytes: 4).map(Int.init) else { return nil }
                let end = min(sizeOffset + 4 + (size + 1) / 2 * 2, bytes.count)
                guard sizeOffset + 4 + size <= bytes.count else { return nil }
                if thumbnails.contains(number) { dropped = true } else { kept.append(contentsOf: bytes[offset..<end]) }
                offset = end
            }
            kept.append(contentsOf: bytes[offset...])
            return dropped ? kept : nil
        }
    }
}
