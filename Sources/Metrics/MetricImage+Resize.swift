import Foundation

extension MetricImage {
    /// As torch's `interpolate(mode="bilinear", align_corners=False)`: two neighbours a direction, whatever the scale.
    func resizedBilinearly(width newWidth: Int, height newHeight: Int) -> MetricImage {
        func taps(_ count: Int, _ newCount: Int) -> [(below: Int, above: Int, share: Float)] {
            let step = Float(count) / Float(newCount)
            return (0..<newCount).map { place in
                let position = max((Float(place) + 0.5) * step - 0.5, 0)
                let below = min(Int(position), count - 1)
                return (below, min(below + 1, count - 1), position - Float(below))
            }
        }
        let columns = taps(width, newWidth), rows = taps(height, newHeight)
        var result = [Float](repeating: 0, count: 3 * newWidth * newHeight)
        values.withUnsafeBufferPointer { values in
            for channel in 0..<3 {
                let plane = channel * width * height
                for (y, row) in rows.enumerated() {
                    let (top, bottom) = (plane + row.below * width, plane + row.above * width)
                    for (x, column) in columns.enumerated() {
                        let upper =
                            values[top + column.below] * (1 - column.share) + values[top + column.above] * column.share
                        let lower =
                            values[bottom + column.below] * (1 - column.share)
                            + values[bottom + column.above] * column.share
                        result[(channel * newHeight + y) * newWidth + x] = upper * (1 - row.share) + lower * row.share
                    }
                }
            }
        }
        return MetricImage(width: newWidth, height: newHeight, values: result)
    }

    /// As Pillow's `resize(resample=BICUBIC)` on 8 bits: the cubic of Keys with a = -1/2, widened where the picture
    /// shrinks, rows first, each direction rounded to 8 bits.
    func resizedBicubically(width newWidth: Int, height newHeight: Int) -> MetricImage {
        let across = Self.filtered(rounded8Bit(values), rows: 3 * height, from: width, to: newWidth)
        let turned = Self.transposed(across, planes: 3, rows: height, columns: newWidth)
        let down = Self.filtered(turned, rows: 3 * newWidth, from: height, to: newHeight)
        return MetricImage(
            width: newWidth, height: newHeight,
            values: Self.transposed(down, planes: 3, rows: newWidth, columns: newHeight))
    }

    /// The largest square in the middle, as Pillow's callers cut it.
    var centreSquare: MetricImage {
        let side = min(width, height), left = (width - side) / 2, top = (height - side) / 2
        guard width != height else { return self }
        var result: [Float] = []
        result.reserveCapacity(3 * side * side)
        for channel in 0..<3 {
            for y in top..<(top + side) {
                let start = (channel * height + y) * width + left
                result += values[start..<(start + side)]
            }
        }
        return MetricImage(width: side, height: side, values: result)
    }

    private static func cubic(_ x: Double) -> Double {
        let x = abs(x), a = -0.5
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    }

    /// Resamples `rows` rows of `count` values.
    private static func filtered(_ values: [Float], rows: Int, from count: Int, to newCount: Int) -> [Float] {
        guard count != newCount else { return values }
        let scale = Double(count) / Double(newCount), stretch = max(scale, 1), support = 2 * stretch
        let taps: [(first: Int, weights: [Float])] = (0..<newCount).map { place in
            let centre = (Double(place) + 0.5) * scale
            let first = max(Int(centre - support + 0.5), 0), last = min(Int(centre + support + 0.5), count)
            let weights = (first..<last).map { cubic((Double($0) - centre + 0.5) / stretch) }
            let sum = weights.reduce(0, +)
            return (first, weights.map { Float($0 / sum) })
        }
        var result = [Float](repeating: 0, count: rows * newCount)
        for row in 0..<rows {
            for (place, tap) in taps.enumerated() {
                var sum: Float = 0
                for (i, weight) in tap.weights.enumerated() { sum += weight * values[row * count + tap.first + i] }
                result[row * newCount + place] = sum
            }
        }
        return rounded8Bit(result)
    }

    private static func transposed(_ values: [Float], planes: Int, rows: Int, columns: Int) -> [Float] {
        var result = [Float](repeating: 0, count: values.count)
        for plane in 0..<planes {
            let start = plane * rows * columns
            for y in 0..<rows {
                for x in 0..<columns { result[start + x * rows + y] = values[start + y * columns + x] }
            }
        }
        return result
    }
}
