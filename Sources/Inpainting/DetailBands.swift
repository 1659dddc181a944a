import Glibc

/// A crop in three bands, for carrying detail into its hole: `base` (blobs), `middle` and, in full resolution, what the
/// two leave (``fine(_:x:y:)``). Base and middle live on a grid of square cells.
///
/// All grids are `[height, width]` cells, those of colours `[height, width, 3]`.
package struct DetailBands {
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

    /// For what to expect in the hole: cells between nodes, about how many samples of the surroundings are asked, at how
    /// many cells one counts a quarter, how alike colours are, what the least alike count, and which of them is taken.
    private static let node = 4
    private static let samples = 1500
    private static let nearCells: Float = 8
    private static let likeColour: Float = 0.06
    private static let leastWeight: Float = 0.003
    private static let quantile: Float = 0.4

    /// - Parameters:
    ///   - planes: `[3, height, width]` of the crop, its hole filled smoothly; sides are multiples of `cell`.
    ///   - mask: `[height, width]`, everything but 0 is hole.
    ///   - colourBlur: cells.
    package init(
        planes: [Float], mask: [UInt8], width pixelWidth: Int, height pixelHeight: Int, cell: Int, colourBlur: Float
    ) {
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
        expected = Self.carriedOn(logarithms, known: known, colour: colour, width, height)
        self.energy = energy
        self.known = known
        self.average = average
    }

    /// Carries the known values into the hole: what is typical of them, what is near counting most, and of that what has
    /// the colour that the smooth fill has at the place. Where a hole cuts a lawn and a wall, grass then goes on as grass
    /// and plaster as plaster.
    private static func carriedOn(
        _ values: [Float], known: [Bool], colour: [Float], _ width: Int, _ height: Int
    ) -> [Float] {
        // Samples of the surroundings, nodes of the hole: neither changes much from one cell to the next.
        let all = known.reduce(0) { $0 + ($1 ? 1 : 0) }
        let apart = max(Int((Float(all) / Float(Self.samples)).squareRoot().rounded(.up)), 1)
        var samples: [Sample] = []
        for y in stride(from: apart / 2, to: height, by: apart) {
            for x in stride(from: apart / 2, to: width, by: apart) where known[y * width + x] {
                samples.append(
                    Sample(x: Float(x), y: Float(y), colour: rgb(colour, y * width + x), value: values[y * width + x]))
            }
        }
        guard !samples.isEmpty else { return values }
        let (columns, rows) = ((width + Self.node - 1) / Self.node + 1, (height + Self.node - 1) / Self.node + 1)
        var nodes = [Float](repeating: 0, count: columns * rows)
        for row in 0..<rows {
            for column in 0..<columns {
                let (x, y) = (min(column * Self.node, width - 1), min(row * Self.node, height - 1))
                let cell = y * width + x
                nodes[row * columns + column] =
                    known[cell] ? values[cell] : typical(of: samples, x: Float(x), y: Float(y), rgb(colour, cell))
            }
        }
        var result = values
        for y in 0..<height {
            let (row, down) = (y / Self.node, Float(y % Self.node) / Float(Self.node))
            for x in 0..<width where !known[y * width + x] {
                let (column, across) = (x / Self.node, Float(x % Self.node) / Float(Self.node))
                let upper = row * columns + column
                func between(_ left: Int) -> Float { nodes[left] + (nodes[left + 1] - nodes[left]) * across }
                let top = between(upper)
                result[y * width + x] = top + (between(upper + columns) - top) * down
            }
        }
        return result
    }

    private struct Sample {
        var x: Float
        var y: Float
        var colour: SIMD3<Float>
        var value: Float
    }

    private static func rgb(_ colour: [Float], _ cell: Int) -> SIMD3<Float> {
        SIMD3(colour[3 * cell], colour[3 * cell + 1], colour[3 * cell + 2])
    }

    /// The value that `quantile` of the weight lies below: what a few loud samples beside the hole say does not count,
    /// where most are quiet.
    private static func typical(of samples: [Sample], x: Float, y: Float, _ colour: SIMD3<Float>) -> Float {
        let bins = 96
        let (lowest, unit) = (logf(Self.invisible) - 0.1, Float(bins) / (0.2 - logf(Self.invisible)))
        var weights = [Float](repeating: 0, count: bins)
        var whole: Float = 0
        for sample in samples {
            let (dx, dy) = (sample.x - x, sample.y - y)
            let difference = sample.colour - colour
            let unlike = (difference * difference).sum() / (2 * Self.likeColour * Self.likeColour)
            let near = 1 / (1 + (dx * dx + dy * dy) / (Self.nearCells * Self.nearCells))
            let weight = near * near * max(expf(-unlike), Self.leastWeight)
            weights[min(max(Int((sample.value - lowest) * unit), 0), bins - 1)] += weight
            whole += weight
        }
        var (below, bin) = (Float(0), 0)
        while bin < bins - 1, below + weights[bin] < Self.quantile * whole {
            below += weights[bin]
            bin += 1
        }
        let within = weights[bin] > 0 ? (Self.quantile * whole - below) / weights[bin] : 0.5
        return lowest + (Float(bin) + min(max(within, 0), 1)) / unit
    }
}
