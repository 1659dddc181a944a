extension PictureRow {
    /// Upper half blocks: the character's colour is that of the upper of two pixels, its background that of the lower.
    ///
    /// - Parameter inTrueColor: 24-bit colours, else the 256 of xterm.
    func blocks(inTrueColor: Bool) -> String {
        func code(_ color: RGBPicture.Color) -> String {
            inTrueColor ? "2;\(color.red);\(color.green);\(color.blue)" : "5;\(Self.xtermIndex(color))"
        }
        var result = ""
        for top in stride(from: 0, to: height, by: 2) {
            var current = ""
            for x in 0..<width {
                guard let upper = self[x, top] else {
                    result += (current.isEmpty ? "" : "\u{1b}[0m") + " "
                    current = ""
                    continue
                }
                // An odd height leaves the terminal's own background below the last row.
                let wanted = "\u{1b}[38;\(code(upper));" + (self[x, top + 1].map { "48;" + code($0) } ?? "49") + "m"
                result += (wanted == current ? "" : wanted) + "\u{2580}"
                current = wanted
            }
            result += "\u{1b}[0m\n"
        }
        return result
    }

    /// The nearest of xterm's colours 16 to 255: a cube of 6 levels, and greys.
    static func xtermIndex(_ color: RGBPicture.Color) -> Int {
        let levels = [0, 95, 135, 175, 215, 255]
        let parts = [Int(color.red), Int(color.green), Int(color.blue)]
        let cube = parts.map { part in levels.indices.min { abs(levels[$0] - part) < abs(levels[$1] - part) } ?? 0 }
        let grey = min(max((parts.reduce(0, +) / 3 - 3) / 10, 0), 23)
        func distance(_ other: [Int]) -> Int { zip(parts, other).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }
        return distance(cube.map { levels[$0] }) <= distance([Int](repeating: 8 + 10 * grey, count: 3))
            ? 16 + cube[0] * 36 + cube[1] * 6 + cube[2] : 232 + grey
    }
}
