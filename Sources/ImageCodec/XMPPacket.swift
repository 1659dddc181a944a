/// Edits an XMP packet as text: thumbnails go, and the orientation becomes 1 where the pixels were turned.
enum XMPPacket {
    static func cleaned(_ packet: [UInt8], uprights: Bool = true) -> (packet: [UInt8], droppedThumbnail: Bool) {
        var text = packet
        // Written as an attribute or as an element.
        for lead in ["tiff:Orientation=\"", "tiff:Orientation='", "<tiff:Orientation>"] where uprights {
            var from = 0
            while let range = find(Array(lead.utf8), in: text, from: from) {
                let digit = range.upperBound
                if digit < text.count, (0x31...0x38).contains(text[digit]) { text[digit] = 0x31 }
                from = range.upperBound
            }
        }
        var dropped = false
        for name in ["xmp:Thumbnails", "xap:Thumbnails"] {
            while let start = find(Array("<\(name)".utf8), in: text, from: 0),
                let end = find(Array("</\(name)>".utf8), in: text, from: start.upperBound)
            {
                text.removeSubrange(start.lowerBound..<end.upperBound)
                dropped = true
            }
        }
        return (text, dropped)
    }

    private static func find(_ needle: [UInt8], in text: [UInt8], from: Int) -> Range<Int>? {
        guard text.count - from >= needle.count else { return nil }
        for start in from...text.count - needle.count where text[start] == needle[0] {
            if text[start..<start + needle.count].elementsEqual(needle) { return start..<start + needle.count }
        }
        return nil
    }
}
