/// What of a JPEG file's markers stays when its picture changes: all but pictures of what was filled.
enum JPEGMarkers {
    /// - Returns: the markers, byte for byte where nothing had to go, and codes of what was left out.
    static func kept(_ markers: [JPEGCoefficients.Marker]) -> (markers: [JPEGCoefficients.Marker], notes: [String]) {
        var notes: [String] = []
        func note(_ code: String) { if !notes.contains(code) { notes.append(code) } }
        var result: [JPEGCoefficients.Marker] = []
        for marker in markers {
            let bytes = marker.bytes
            func starts(_ text: StaticString) -> Bool {
                bytes.withUnsafeBytes { ByteReader(bytes: $0).matches(text, at: 0) }
            }
            func keep(_ changed: [UInt8]) { result.append(JPEGCoefficients.Marker(code: marker.code, bytes: changed)) }
            switch marker.code {
            case 0xE0 where starts("JFIF\0") && bytes.count > 14:
                // A thumbnail of 3 bytes a pixel follows its width and height.
                note("thumbnail-dropped")
                keep(Array(bytes[..<12]) + [0, 0])
            case 0xE0 where starts("JFXX\0"): note("thumbnail-dropped")
            case 0xE1 where starts("Exif\0\0"):
                guard let changed = EXIFThumbnail.removed(from: Array(bytes[6...])) else {
                    keep(bytes)
                    continue
                }
                note("thumbnail-dropped")
                keep(Array(bytes[..<6]) + changed)
            case 0xE1 where starts("http://ns.adobe.com/xap/1.0/\0"):
                let (packet, dropped) = XMPPacket.cleaned(Array(bytes[29...]), uprights: false)
                if dropped { note("thumbnail-dropped") }
                keep(Array(bytes[..<29]) + packet)
            // Phones put the photo before their own editing there, and depth.
            case 0xE1 where starts("http://ns.adobe.com/xmp/extension/\0"): note("extended-xmp-dropped")
            // Where further pictures lie that follow the end of this one: previews, mostly.
            case 0xE2 where starts("MPF\0"): note("further-pictures-dropped")
            case 0xED:
                let changed = PhotoshopResources.withoutThumbnails(bytes)
                if changed != nil { note("thumbnail-dropped") }
                keep(changed ?? bytes)
            default: keep(bytes)
            }
        }
        return (result, notes)
    }
}
