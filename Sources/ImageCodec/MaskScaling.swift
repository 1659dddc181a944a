/// Scales a mask to another size.
enum MaskScaling {
    /// Each pixel of the result is the mean of what it covers of the mask, at least one pixel of it, and is marked from
    /// a half on: an enlarged mask has straight edges instead of steps.
    ///
    /// - Parameter values: `[height, width]`, 0 or 255.
    static func scaled(_ values: [UInt8], from: (width: Int, height: Int), to: (width: Int, height: Int)) -> [UInt8] {
        precondition(values.count == from.width * from.height, "the mask does not match its size")
        let columns = (0..<to.width).map { Window($0, of: to.width, over: from.width) }
        let rows = (0..<to.height).map { Window($0, of: to.height, over: from.height) }
        // Rows first become narrow or wide, then those of a window are added up.
        func widened(_ y: Int) -> [Float] {
            let row = values[y * from.width..<(y + 1) * from.width]
            guard row.contains(255) else { return [Float](repeating: 0, count: to.width) }
            return columns.map { window in
                window.weights.enumerated().reduce(0) {
                    $0 + $1.element * Float(row[row.startIndex + window.first + $1.offset])
                }
            }
        }
        var result: [UInt8] = []
        result.reserveCapacity(to.width * to.height)
        var kept: [Int: [Float]] = [:]
        for window in rows {
            let range = window.first..<window.first + window.weights.count
            kept = kept.filter { range.contains($0.key) }
            var sum = [Float](repeating: 0, count: to.width)
            for (y, weight) in zip(range, window.weights) {
                let row = kept[y] ?? widened(y)
                kept[y] = row
                for x in sum.indices { sum[x] += weight * row[x] }
            }
            result.append(contentsOf: sum.map { $0 >= 127.4 ? 255 : 0 })
        }
        return result
    }

    /// What a pixel of the result covers along one side.
    private struct Window {
        let first: Int
        /// They add up to 1.
        let weights: [Float]

        init(_ index: Int, of count: Int, over source: Int) {
            let ratio = Double(source) / Double(count)
            let centre = (Double(index) + 0.5) * ratio
            let half = max(ratio, 1) / 2
            let (start, end) = (max(centre - half, 0), min(centre + half, Double(source)))
            first = Int(start)
            let last = min(Int(end.rounded(.up)), source) - 1
            weights = (first...max(first, last)).map {
                Float((min(end, Double($0 + 1)) - max(start, Double($0))) / (end - start))
            }
        }
    }
}
