/// How deep inside of its hole each pixel lies.
enum HoleDepth {
    /// Chessboard distance to the nearest known pixel: 1 at the rim, 0 outside. The border of the picture is no rim.
    static func chessboard(_ mask: [UInt8], width: Int, height: Int) -> [Int] {
        let far = width + height
        var depth = mask.map { $0 >= 128 ? far : 0 }
        func relax(_ i: Int, _ x: Int, _ y: Int, _ neighbours: [(Int, Int)]) {
            for (dx, dy) in neighbours where (0..<width).contains(x + dx) && (0..<height).contains(y + dy) {
                depth[i] = min(depth[i], depth[i + dy * width + dx] + 1)
            }
        }
        for y in 0..<height {
            for x in 0..<width where depth[y * width + x] > 0 {
                relax(y * width + x, x, y, [(-1, 0), (-1, -1), (0, -1), (1, -1)])
            }
        }
        for y in (0..<height).reversed() {
            for x in (0..<width).reversed() where depth[y * width + x] > 0 {
                relax(y * width + x, x, y, [(1, 0), (1, 1), (0, 1), (-1, 1)])
            }
        }
        return depth
    }
}
