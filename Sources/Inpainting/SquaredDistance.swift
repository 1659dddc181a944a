/// The exact Euclidean distance transform in whole numbers.
///
/// Meijster, Roerdink, Hesselink, "A general algorithm for computing distance transforms in linear time" (2000).
enum SquaredDistance {
    /// Calls `row` for every row from top to bottom with the squared distance of each pixel to the nearest member of a
    /// set, between pixel centres. With an empty set all distances are larger than the picture.
    static func forEachRow(
        width: Int, height: Int, isMember: (_ x: Int, _ y: Int) -> Bool, row: (_ y: Int, _ squared: [Int]) -> Void
    ) {
        precondition(width > 0 && height > 0, "an empty picture")
        // First phase: distance within the column.
        let far = width + height
        var column = [Int32](repeating: 0, count: width * height)
        for x in 0..<width {
            var distance = Int32(far)
            for y in 0..<height {
                distance = isMember(x, y) ? 0 : min(distance + 1, Int32(far))
                column[y * width + x] = distance
            }
        }
        for y in stride(from: height - 2, through: 0, by: -1) {
            for x in 0..<width {
                column[y * width + x] = min(column[y * width + x], column[(y + 1) * width + x] + 1)
            }
        }
        // Second phase: the lower envelope of one parabola per column.
        var apex = [Int](repeating: 0, count: width)
        var start = [Int](repeating: 0, count: width)
        var squared = [Int](repeating: 0, count: width)
        for y in 0..<height {
            func height2(_ x: Int) -> Int {
                let distance = Int(column[y * width + x])
                return distance * distance
            }
            func parabola(_ x: Int, _ at: Int) -> Int { (x - at) * (x - at) + height2(at) }
            var top = 0
            apex[0] = 0
            start[0] = 0
            for u in 1..<max(1, width) {
                while top >= 0, parabola(start[top], apex[top]) > parabola(start[top], u) { top -= 1 }
                if top < 0 {
                    top = 0
                    apex[0] = u
                    continue
                }
                // u is at most as high from here on; floor division of a number that is not negative.
                let i = apex[top]
                let from = 1 + (u * u - i * i + height2(u) - height2(i)) / (2 * (u - i))
                if from < width {
                    top += 1
                    apex[top] = u
                    start[top] = from
                }
            }
            for x in stride(from: width - 1, through: 0, by: -1) {
                squared[x] = parabola(x, apex[top])
                if x == start[top], top > 0 { top -= 1 }
            }
            row(y, squared)
        }
    }
}
