import Glibc

/// A crop in three bands, for carrying detail into its hole: `base` (blobs), `middle` and, in full resolution, what the
/// two leave (``fine(_:x:y:)``). Base and middle live on a grid of square cells.
///
/// All grids are `[height, width]` cells, those of colours `[height, width, 3]`.
struct DetailBands {
    /// Pixels from cell to cell.
    let cell: Int
    let width: Int
    let height: Int
    /// Cells without a hole pixel.
    private(set) var known: [Bool]
    /// The mean colour of each cell.
    private(set) var average: [Float]
    /// What the smooth fill says in the hole, and the surroundings without their middle band; no edges.
    private(set) var base: [Float]
    /// `average - base` of known cells, 0 elsewhere.
    private(set) var middle: [Float]
    /// Mean colours over a part of a patch.
    private(set) var colour: [Float]
    /// Mean square of what lies above the base, in known cells.
    private(set) var energy: [Float]
    /// The logarithm of the energy to expect in every cell, carried into the hole from its rim.
    private(set) var expected: [Float]

    /// Cells: what is larger belongs to the base.
    private static let baseBlur: Float = 4
    /// The energy of noise that is hardly seen: a standard deviation of 1 in 255.
    static let invisible: Float = 1.5e-5

    /// - Parameters:
    ///   - planes: `[3, height, width]` of the crop, its hole filled smoothly; sides are multiples of `cell`.
    ///   - mask: `[height, width]`, everything but 0 is hole.
    ///   - colourBlur: cells.
    init(planes: [Float], mask: [UInt8], width pixelWidth: Int, height pixelHeight: Int, cell: Int, colourBlur: Float) {
        precondition(
            planes.count == 3 * pixelWidth * pixelHeight && mask.count == pixelWidth * pixelHeight
                && pixelWidth % cell == 0 && pixelHeight % cell == 0, "the crop does not match its size")
        (self.cell, width, height) = (cell, pixelWidth / cell, pixelHeight / cell)
        let (width, height) = (width, height)
        let count = width * height
        var known = [Bool](repeating: true, count: count)
        var sums = [Float](repeating: 0, count: 3 * count)
        var squares = [Float](repeating: 0, count: count)
        planes.withUnsafeBufferPointer { planes in
            mask.withUnsafeBufferPointer { mask in
                for y in 0..<pixelHeight {
                    for x in 0..<pixelWidth {
                        let (pixel, target) = (y * pixelWidth + x, y / cell * width + x / cell)
                        if mask[pixel] != 0 { known[target] = false }
                        for channel in 0..<3 {
                            let value = planes[channel * pixelWidth * pixelHeight + pixel]
                            sums[3 * target + channel] += value
                            squares[target] += value * value
                        }
                    }
                }
            }
        }
        let share = 1 / Float(cell * cell)
        let average = sums.map { $0 * share }
        // Of known cells alone: the hole's cells are smooth, and what they would add is no photo.
        let weights = known.map { $0 ? Float(1) : 0 }
        func blurredKnown(_ values: [Float], _ channels: Int, _ sigma: Float) -> [Float] {
            var weighted = values
            for index in weighted.indices { weighted[index] *= weights[index / channels] }
            let sum = CellBlur.sums(weighted, width, height, channels: channels, sigma: sigma)
            let weight = CellBlur.sums(weights, width, height, channels: 1, sigma: sigma)
            return sum.indices.map { sum[$0] / max(weight[$0 / channels], 1e-6) }
        }
        let low = blurredKnown(average, 3, Self.baseBlur)
        let smooth = average.indices.map { known[$0 / 3] ? low[$0] : average[$0] }
        base = CellBlur.means(smooth, width, height, channels: 3, sigma: Self.baseBlur / 3)
        middle = average.indices.map { known[$0 / 3] ? average[$0] - low[$0] : 0 }
        colour = CellBlur.means(average, width, height, channels: 3, sigma: colourBlur)
        var energy = [Float](repeating: 0, count: count)
        for index in 0..<count where known[index] {
            var own: Float = 0
            var within = squares[index] * share
            for channel in 0..<3 {
                own += middle[3 * index + channel] * middle[3 * index + channel]
                within -= average[3 * index + channel] * average[3 * index + channel]
            }
            energy[index] = (own + max(within, 0)) / 3
        }
        let logarithms = blurredKnown(energy, 1, 2).map { logf(max($0, 0) + Self.invisible) }
        expected = Self.carriedOn(logarithms, weights, width, height)
        self.energy = energy
        self.known = known
        self.average = average
    }

    /// Known values blurred more and more; the nearest ones count most.
    private static func carriedOn(_ values: [Float], _ weights: [Float], _ width: Int, _ height: Int) -> [Float] {
        let weighted = zip(values, weights).map { $0 * $1 }
        var sum = [Float](repeating: 0, count: values.count)
        var weight = sum
        for (sigma, share): (Float, Float) in [(4, 1), (10, 0.1), (30, 0.01), (80, 0.001)] {
            // Means, not sums: a wide blur must not outweigh a narrow one by its area.
            let part = CellBlur.means(weighted, width, height, channels: 1, sigma: sigma)
            let known = CellBlur.means(weights, width, height, channels: 1, sigma: sigma)
            for index in sum.indices {
                sum[index] += share * part[index]
                weight[index] += share * known[index]
            }
        }
        return sum.indices.map { sum[$0] / max(weight[$0], 1e-12) }
    }
}
