/// Bilinear interpolation between the centres of cells: `low * (1 - weight) + high * weight`.
struct CellTap {
    let low: Int
    let high: Int
    let weight: Float

    init(_ position: Int, cell: Int, count: Int) {
        let at = (Float(position) + 0.5) / Float(cell) - 0.5
        let floor = Int(at.rounded(.down))
        low = min(max(floor, 0), count - 1)
        high = min(max(floor + 1, 0), count - 1)
        weight = at - Float(floor)
    }

    /// The interpolated value of a channel of `[height, width, 3]`.
    static func value(
        _ grid: UnsafeBufferPointer<Float>, _ x: CellTap, _ y: CellTap, width: Int, channel: Int
    ) -> Float {
        let (upper, lower) = (3 * y.low * width + channel, 3 * y.high * width + channel)
        let a = grid[upper + 3 * x.low] + (grid[upper + 3 * x.high] - grid[upper + 3 * x.low]) * x.weight
        let b = grid[lower + 3 * x.low] + (grid[lower + 3 * x.high] - grid[lower + 3 * x.low]) * x.weight
        return a + (b - a) * y.weight
    }
}
