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

    /// The interpolated value of a channel of `[height, width, channels]`.
    static func value(
        _ grid: UnsafeBufferPointer<Float>, _ x: CellTap, _ y: CellTap, width: Int, channel: Int, of channels: Int = 3
    ) -> Float {
        let (upper, lower) = (y.low * width, y.high * width)
        func at(_ cell: Int) -> Float { grid[cell * channels + channel] }
        let (left, right) = (at(upper + x.low), at(upper + x.high))
        let a = left + (right - left) * x.weight
        let (lowerLeft, lowerRight) = (at(lower + x.low), at(lower + x.high))
        let b = lowerLeft + (lowerRight - lowerLeft) * x.weight
        return a + (b - a) * y.weight
    }
}
