extension PictureRow {
    /// DEC sixel graphics with a palette of 6 x 7 x 6 colours and Floyd-Steinberg's diffusion of the errors. What lies
    /// between pictures is left as the terminal has it.
    ///
    /// VT330/340 Programmer Reference, chapter 14: a character holds six pixels of a column for one colour.
    var sixel: String {
        var result = "\u{1b}P0;1;0q\"1;1;\(width);\(height)"
        for index in 0..<Self.levels.red * Self.levels.green * Self.levels.blue {
            let (red, green, blue) = Self.parts(of: index)
            result +=
                "#\(index);2;"
                + [
                    red * 100 / (Self.levels.red - 1), green * 100 / (Self.levels.green - 1),
                    blue * 100 / (Self.levels.blue - 1),
                ].map(String.init).joined(separator: ";")
        }
        let indices = paletteIndices
        for top in stride(from: 0, to: height, by: 6) {
            var columns: [Int: [UInt8]] = [:]
            for y in top..<min(top + 6, height) {
                for x in 0..<width {
                    guard let index = indices[y * width + x] else { continue }
                    columns[index, default: [UInt8](repeating: 0, count: width)][x] |= 1 << UInt8(y - top)
                }
            }
            // Colour over colour in the same band, then the next band.
            result +=
                columns.sorted { $0.key < $1.key }.map { "#\($0.key)" + Self.runs($0.value) }
                .joined(separator: "$") + "-"
        }
        return result + "\u{1b}\\\n"
    }

    private static let levels = (red: 6, green: 7, blue: 6)

    private static func parts(of index: Int) -> (red: Int, green: Int, blue: Int) {
        (index / (levels.green * levels.blue), index / levels.blue % levels.green, index % levels.blue)
    }

    /// Repeated characters as `!COUNT CHARACTER`.
    private static func runs(_ columns: [UInt8]) -> String {
        var result = ""
        var start = 0
        while start < columns.count {
            var end = start
            while end < columns.count, columns[end] == columns[start] { end += 1 }
            let character = String(UnicodeScalar(63 + columns[start]))
            let count = end - start
            result += count > 3 ? "!\(count)\(character)" : String(repeating: character, count: count)
            start = end
        }
        return result
    }

    /// The colour of the palette for each pixel; nil between pictures.
    private var paletteIndices: [Int?] {
        var indices = [Int?](repeating: nil, count: width * height)
        // What the pixels of this row and the next one got from those before.
        var errors = [[SIMD3<Float>]](repeating: .init(repeating: .zero, count: width + 2), count: 2)
        let steps = SIMD3(Float(Self.levels.red - 1), Float(Self.levels.green - 1), Float(Self.levels.blue - 1)) / 255
        for y in 0..<height {
            for x in 0..<width {
                guard let color = self[x, y] else { continue }
                let wanted = (SIMD3(Float(color.red), Float(color.green), Float(color.blue)) + errors[0][x + 1])
                    .clamped(lowerBound: .zero, upperBound: .init(repeating: 255))
                let level = (wanted * steps).rounded(.toNearestOrAwayFromZero)
                indices[y * width + x] =
                    (Int(level.x) * Self.levels.green + Int(level.y)) * Self.levels.blue + Int(level.z)
                let error = wanted - level / steps
                errors[0][x + 2] += error * (7 / 16)
                errors[1][x] += error * (3 / 16)
                errors[1][x + 1] += error * (5 / 16)
                errors[1][x + 2] += error * (1 / 16)
            }
            errors = [errors[1], .init(repeating: .zero, count: width + 2)]
        }
        return indices
    }
}
