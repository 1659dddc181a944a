/// Where a hole is thick: its opening by a disc, as morphology calls what discs of one size that fit into it cover.
enum HoleThickness {
    /// The diameter in pixels of the largest disc that fits into the hole, as far as it matters.
    ///
    /// - Parameters:
    ///   - hole: `[height, width]`, everything but 0 is hole.
    ///   - most: what is thicker counts as this.
    static func largest(of hole: [UInt8], width: Int, height: Int, most: Int) -> Int {
        let largest = SquaredDistance.largest(width: width, height: height, reach: most / 2) { x, y in
            hole[y * width + x] == 0
        }
        return min(Int(2 * Double(largest).squareRoot()), most)
    }

    /// How much each pixel belongs to a part of the hole that is thick: 255 within it, fading to 0 over a quarter of
    /// `thinnest` beyond, where a thin part leaves a thick one.
    ///
    /// - Parameters:
    ///   - hole: `[height, width]`, everything but 0 is hole.
    ///   - thinnest: pixels; the diameter of the discs.
    /// - Returns: `[height, width]`; nil where no disc fits in.
    static func shares(of hole: [UInt8], width: Int, height: Int, thinnest: Int) -> [UInt8]? {
        let radius = max(thinnest / 2, 1)
        let reach = radius + max(radius / 2, 1)
        var isCore = [Bool](repeating: false, count: width * height)
        var isEmpty = true
        SquaredDistance.forEachRow(width: width, height: height, reach: radius) { x, y in
            hole[y * width + x] == 0
        } row: { y, squared in
            for x in 0..<width where squared[x] > radius * radius {
                isCore[y * width + x] = true
                isEmpty = false
            }
        }
        guard !isEmpty else { return nil }
        var result = [UInt8](repeating: 0, count: width * height)
        SquaredDistance.forEachRow(width: width, height: height, reach: reach) { x, y in
            isCore[y * width + x]
        } row: { y, squared in
            for x in 0..<width where hole[y * width + x] != 0 && squared[x] < reach * reach {
                let beyond = max(Float(squared[x]).squareRoot() - Float(radius), 0) / Float(reach - radius)
                result[y * width + x] = UInt8(255 * (1 - beyond) + 0.5)
            }
        }
        return result
    }
}
