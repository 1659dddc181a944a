import FoundationEssentials

extension PictureRow {
    /// The escape sequences of the kitty graphics protocol: raw RGBA, at once, in pieces of 4096 characters.
    ///
    /// https://sw.kovidgoyal.net/kitty/graphics-protocol/: a=T shows it, f=32 is RGBA, q=2 asks for no answer.
    var kitty: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(width * height * 4)
        for y in 0..<height {
            for x in 0..<width {
                guard let color = self[x, y] else {
                    bytes += [0, 0, 0, 0]
                    continue
                }
                bytes += [color.red, color.green, color.blue, 255]
            }
        }
        let text = Array(Data(bytes).base64EncodedString().utf8)
        var result = ""
        for start in stride(from: 0, to: text.count, by: 4096) {
            let end = min(start + 4096, text.count)
            let head = start == 0 ? "a=T,f=32,s=\(width),v=\(height),q=2," : ""
            result += "\u{1b}_G\(head)m=\(end < text.count ? 1 : 0);"
            result += String(decoding: text[start..<end], as: UTF8.self) + "\u{1b}\\"
        }
        return result + "\n"
    }
}
