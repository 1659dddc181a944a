/// The exact Euclidean distance transform in whole numbers.
///
/// Meijster, Roerdink, Hesselink, "A general algorithm for computing distance transforms in linear time" (2000).
enum SquaredDistance {
    /// Calls `row` for every row from top to bottom with the squared distance of each pixel to the nearest member of a
    /// set, between pixel centres.
    ///
    /// - Parameter reach: distances above it need not be exact, only larger than it; rows and columns that are further
    ///   away from the set cost next to nothing.
    static func forEachRow(
        width: Int, height: Int, reach: Int = .max, isMember: (_ x: Int, _ y: Int) -> Bool,
        row: (_ y: Int, _ squared: UnsafeBufferPointer<Int>) -> Void
    ) {
        precondition(width > 0 && height > 0, "an empty picture")
        let far = width + height
        var down = columnDistances(width: width, height: height, far: Int32(far), isMember: isMember)
        var apex = [Int](repeating: 0, count: width)
        var start = [Int](repeating: 0, count: width)
        var high = [Int](repeating: 0, count: width)
        var squared = [Int](repeating: 0, count: width)
        down.withUnsafeMutableBufferPointer { down in
            apex.withUnsafeMutableBufferPointer { apex in
                start.withUnsafeMutableBufferPointer { start in
                    high.withUnsafeMutableBufferPointer { high in
                        squared.withUnsafeMutableBufferPointer { squared in
                            for y in 0..<height {
                                for x in 0..<width { high[x] = Int(down[y * width + x]) }
                                lowerEnvelope(high, apex, start, squared, far: far, reach: min(reach, far - 1))
                                row(y, UnsafeBufferPointer(squared))
                            }
                        }
                    }
                }
            }
        }
    }

    /// The largest of them: what lies farthest from the set.
    static func largest(
        width: Int, height: Int, reach: Int = .max, isMember: (_ x: Int, _ y: Int) -> Bool
    ) -> Int {
        var result = 0
        forEachRow(width: width, height: height, reach: reach, isMember: isMember) { _, squared in
            for distance in squared where distance > result { result = distance }
        }
        return result
    }

    /// First phase: the distance to the nearest member of the same column, at most `far`.
    private static func columnDistances(
        width: Int, height: Int, far: Int32, isMember: (_ x: Int, _ y: Int) -> Bool
    ) -> [Int32] {
        var column = [Int32](repeating: 0, count: width * height)
        column.withUnsafeMutableBufferPointer { column in
            for x in 0..<width { column[x] = isMember(x, 0) ? 0 : far }
            for y in 1..<max(1, height) {
                for x in 0..<width {
                    column[y * width + x] = isMember(x, y) ? 0 : min(column[(y - 1) * width + x] + 1, far)
                }
            }
            for y in stride(from: height - 2, through: 0, by: -1) {
                for x in 0..<width {
                    column[y * width + x] = min(column[y * width + x], column[(y + 1) * width + x] + 1)
                }
            }
        }
        return column
    }

    /// Second phase, one row: the lower envelope of one parabola per column, of height `high` at its apex. `apex` and
    /// `start` are scratch: the columns on the envelope, and from where on each is the lowest.
    private static func lowerEnvelope(
        _ high: UnsafeMutableBufferPointer<Int>, _ apex: UnsafeMutableBufferPointer<Int>,
        _ start: UnsafeMutableBufferPointer<Int>, _ squared: UnsafeMutableBufferPointer<Int>, far: Int, reach: Int
    ) {
        let width = high.count
        func parabola(_ x: Int, _ at: Int) -> Int { (x - at) * (x - at) + high[at] * high[at] }
        var top = -1
        for u in 0..<width where high[u] <= reach {
            while top >= 0, parabola(start[top], apex[top]) > parabola(start[top], u) { top -= 1 }
            if top < 0 {
                top = 0
                apex[0] = u
                start[0] = 0
                continue
            }
            // u is at most as high from here on; a floor division, since the crossing is not left of start[top].
            let i = apex[top]
            let from = 1 + (u * u - i * i + high[u] * high[u] - high[i] * high[i]) / (2 * (u - i))
            if from < width {
                top += 1
                apex[top] = u
                start[top] = from
            }
        }
        guard top >= 0 else {
            for x in 0..<width { squared[x] = far * far }
            return
        }
        for x in stride(from: width - 1, through: 0, by: -1) {
            squared[x] = parabola(x, apex[top])
            if x == start[top], top > 0 { top -= 1 }
        }
    }
}
