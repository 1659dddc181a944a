import Foundation

/// Metadata written byte by byte, so that the code under test does not make its own input.
enum TestMetadata {
    /// A TIFF-structured EXIF block: the orientation, and in a second directory a "thumbnail" of these bytes.
    static func exif(orientation: UInt8, thumbnail: [UInt8] = []) -> [UInt8] {
        func entry(_ tag: UInt16, _ type: UInt16, _ value: UInt32) -> [UInt8] {
            big(tag) + big(type) + big(UInt32(1)) + (type == 3 ? big(UInt16(value)) + [0, 0] : big(value))
        }
        var bytes: [UInt8] = [0x4D, 0x4D, 0, 42] + big(UInt32(8))
        bytes += big(UInt16(1)) + entry(0x0112, 3, UInt32(orientation))
        guard !thumbnail.isEmpty else { return bytes + big(UInt32(0)) }
        // IFD0 ends at 8 + 2 + 12 + 4 = 26, IFD1 with three entries at 26 + 2 + 36 + 4 = 68.
        bytes += big(UInt32(26)) + big(UInt16(3)) + entry(0x0103, 3, 6) + entry(0x0201, 4, 68)
        bytes += entry(0x0202, 4, UInt32(thumbnail.count)) + big(UInt32(0))
        return bytes + thumbnail
    }

    static let xmp = """
        <x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
        <rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6" xmlns:dc="x" \
        dc:title="KeepMe">\
        <xmp:Thumbnails xmlns:xmp="y">OLDPICTURE</xmp:Thumbnails></rdf:Description></rdf:RDF></x:xmpmeta>
        """

    /// An ICC profile that has a correct header and no tags.
    static let icc: [UInt8] = {
        var profile = [UInt8](repeating: 0, count: 132)
        func put(_ bytes: [UInt8], at offset: Int) {
            profile.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        }
        put(big(UInt32(132)), at: 0)
        put([2, 0x40], at: 8)
        put(Array("mntrRGB XYZ ".utf8), at: 12)
        put(Array("acsp".utf8), at: 36)
        // The D50 illuminant.
        put([0, 0, 0xF6, 0xD6, 0, 1, 0, 0, 0, 0, 0xD3, 0x2D], at: 68)
        return profile
    }()

    /// sRGB as LittleCMS writes it (`ImageCms.createProfile("sRGB")` of Pillow 12), which every library takes.
    static let sRGB: [UInt8] = Array(Data(base64Encoded: sRGBText, options: .ignoreUnknownCharacters) ?? Data())
    private static let sRGBText = """
        AAACTGxjbXMEQAAAbW50clJHQiBYWVogB+AAAQABAAAAAAAAYWNzcEFQUEwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAPbWAAEAAAAA0y1s
        Y21zAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAALZGVzYwAAAQgAAAA2Y3BydAAAAUAAAABMd3RwdAAA
        AYwAAAAUY2hhZAAAAaAAAAAsclhZWgAAAcwAAAAUYlhZWgAAAeAAAAAUZ1hZWgAAAfQAAAAUclRSQwAAAggAAAAgZ1RSQwAAAggAAAAgYlRS
        QwAAAggAAAAgY2hybQAAAigAAAAkbWx1YwAAAAAAAAABAAAADGVuVVMAAAAaAAAAHABzAFIARwBCACAAYgB1AGkAbAB0AC0AaQBuAABtbHVj
        AAAAAAAAAAEAAAAMZW5VUwAAADAAAAAcAE4AbwAgAGMAbwBwAHkAcgBpAGcAaAB0ACwAIAB1AHMAZQAgAGYAcgBlAGUAbAB5WFlaIAAAAAAA
        APbWAAEAAAAA0y1zZjMyAAAAAAABDEIAAAXe///zJQAAB5MAAP2Q///7of///aIAAAPcAADAblhZWiAAAAAAAABvoAAAOPUAAAOQWFlaIAAA
        AAAAACSfAAAPhAAAtsNYWVogAAAAAAAAYpcAALeHAAAY2XBhcmEAAAAAAAMAAAACZmYAAPKnAAANWQAAE9AAAApbY2hybQAAAAAAAwAAAACj
        1wAAVHsAAEzNAACZmgAAJmYAAA9c
        """

    /// An EXIF block with the camera's maker and an orientation, as libvips keeps it.
    static func camera(orientation: UInt8) -> [UInt8] {
        var bytes: [UInt8] = [0x4D, 0x4D, 0, 42] + big(UInt32(8)) + big(UInt16(2))
        // The directory ends at 8 + 2 + 24 + 4 = 38.
        bytes += big(UInt16(0x010F)) + big(UInt16(2)) + big(UInt32(10)) + big(UInt32(38))
        bytes += big(UInt16(0x0112)) + big(UInt16(3)) + big(UInt32(1)) + big(UInt16(orientation)) + [0, 0]
        return Array("Exif\0\0".utf8) + bytes + big(UInt32(0)) + Array("KeepMaker\0".utf8)
    }

    /// Photoshop's resources: IPTC (1028) to keep, a thumbnail (1036) to drop.
    static let photoshop: [UInt8] =
        Array("Photoshop 3.0\0".utf8) + resource(1028, Array("IPTCDATA".utf8)) + resource(1036, Array("OLDTHUMB".utf8))

    private static func resource(_ number: UInt16, _ data: [UInt8]) -> [UInt8] {
        Array("8BIM".utf8) + big(number) + [0, 0] + big(UInt32(data.count)) + data
    }

    static func big<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}

/// Puts segments into a JPEG file.
enum JPEGParts {
    /// Inserts a segment after the start marker.
    static func inserting(_ marker: UInt8, _ payload: [UInt8], into file: [UInt8]) -> [UInt8] {
        Array(file[..<2]) + [0xFF, marker] + TestMetadata.big(UInt16(payload.count + 2)) + payload + file[2...]
    }

    /// The payloads of all segments with a marker, up to the first scan.
    static func segments(_ marker: UInt8, of file: [UInt8]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var offset = 2
        while offset + 4 <= file.count, file[offset] == 0xFF, file[offset + 1] != 0xDA {
            let length = Int(file[offset + 2]) << 8 | Int(file[offset + 3])
            if file[offset + 1] == marker { result.append(Array(file[offset + 4..<offset + 2 + length])) }
            offset += 2 + length
        }
        return result
    }
}

/// Puts chunks into a PNG file.
enum PNGParts {
    /// Inserts a chunk after the header chunk.
    static func inserting(_ name: String, _ data: [UInt8], into file: [UInt8]) -> [UInt8] {
        Array(file[..<33]) + chunk(name, data) + file[33...]
    }

    static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        return TestMetadata.big(UInt32(data.count)) + body + TestMetadata.big(checksum(body))
    }

    /// A file that is all header: its size is claimed, its pixels are not there.
    static func headerOnly(width: UInt32, height: UInt32) -> [UInt8] {
        let header = TestMetadata.big(width) + TestMetadata.big(height) + [8, 2, 0, 0, 0]
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", header)
            + chunk("IDAT", [0x78, 0x9C, 3, 0, 0, 0, 0, 1]) + chunk("IEND", [])
    }

    static func names(of file: [UInt8]) -> [String] {
        var result: [String] = []
        var offset = 8
        while offset + 12 <= file.count {
            let length = file[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            result.append(String(decoding: file[offset + 4..<offset + 8], as: UTF8.self))
            offset += 12 + length
        }
        return result
    }

    /// CRC-32 of ISO/IEC 15948 annex D.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
        }
    }
}

extension [UInt8] {
    /// True when these bytes are somewhere inside.
    func contains(text: String) -> Bool {
        let needle = Array(text.utf8)
        guard count >= needle.count else { return false }
        return (0...count - needle.count).contains { self[$0..<$0 + needle.count].elementsEqual(needle) }
    }
}
