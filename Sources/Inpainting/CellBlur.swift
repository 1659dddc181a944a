/// Gaussian blurs of small grids, by three running sums in each direction.
enum CellBlur {
    /// Weighted sums, in which what lies outside counts as 0.
    static func sums(_ values: [Float], _ width: Int, _ height: Int, channels: Int, sigma: Float) -> [Float] {
        // Three boxes of width w have the variance (w * w - 1) / 4.
        let radius = max(Int(((4 * sigma * sigma + 1).squareRoot() - 1) / 2 + 0.5), 1)
        var current = values
        var next = values
        for _ in 0..<3 {
            box(
                current, &next, lines: height, length: width, lineStride: width * channels, step: channels, channels,
                radius)
            box(
                next, &current, lines: width, length: height, lineStride: channels, step: width * channels, channels,
                radius)
        }
        return current
    }

    /// Weighted means of what lies inside.
    static func means(_ values: [Float], _ width: Int, _ height: Int, channels: Int, sigma: Float) -> [Float] {
        let ones = [Float](repeating: 1, count: width * height)
        let weights = sums(ones, width, height, channels: 1, sigma: sigma)
        let result = sums(values, width, height, channels: channels, sigma: sigma)
        return result.indices.map { result[$0] / weights[$0 / channels] }
    }

    private static func box(
        _ from: [Float], _ to: inout [Float], lines: Int, length: Int, lineStride: Int, step: Int, _ channels: Int,
        _ radius: Int
    ) {
        let share = 1 / Float(2 * radius + 1)
        from.withUnsafeBufferPointer { from in
            to.withUnsafeMutableBufferPointer { to in
                for line in 0..<lines {
                    for channel in 0..<channels {
                        let start = line * lineStride + channel
                        var sum = 0.0
                        for index in 0..<min(radius, length) { sum += Double(from[start + index * step]) }
                        for index in 0..<length {
                            if index + radius < length { sum += Double(from[start + (index + radius) * step]) }
                            to[start + index * step] = Float(sum) * share
                            if index >= radius { sum -= Double(from[start + (index - radius) * step]) }
                        }
                    }
                }
            }
        }
    }
}
