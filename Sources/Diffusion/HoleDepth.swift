/// How deep inside of its hole each pixel lies.
package enum HoleDepth {
    /// Chessboard distance to the nearest known pixel: 1 at the rim, 0 outside. The border of the picture is no rim.
    ///
    /// - Parameter isHole: by the index of a pixel, row by row.
    /// - Returns: `[height, width]`; width + height where nothing is known.
    package static func chessboard(width: Int, height: Int, isHole: (Int) -> Bool) -> [Int] {
        // One pixel all around that is as far as can be, so that no neighbour is missing.
        let far = width + height, stride = width + 2
        var depth = [Int](repeating: far, count: stride * (height + 2))
        depth.withUnsafeMutableBufferPointer { depth in
            for y in 0..<height {
                for x in 0..<width where !isHole(y * width + x) { depth[(y + 1) * stride + x + 1] = 0 }
            }
            for y in 1...max(height, 1) {
                for i in (y * stride + 1)..<(y * stride + 1 + width) {
                    let above = min(depth[i - stride - 1], depth[i - stride], depth[i - stride + 1])
                    depth[i] = min(depth[i], min(above, depth[i - 1]) + 1)
                }
            }
            for y in (1...max(height, 1)).reversed() {
                for i in ((y * stride + 1)..<(y * stride + 1 + width)).reversed() {
                    let below = min(depth[i + stride - 1], depth[i + stride], depth[i + stride + 1])
                    depth[i] = min(depth[i], min(below, depth[i + 1]) + 1)
                }
            }
        }
        return (1...max(height, 1)).flatMap { row -> ArraySlice<Int> in
            let first = row * stride + 1
            return depth[first..<(first + width)]
        }
    }
}
