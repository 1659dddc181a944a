import Glibc

/// Raises the contrast of a filled hole to what its surroundings lead to expect.
///
/// A network that answers with the mean of all that could be there has less contrast than any of it, and patches laid on
/// each other lose some where they fade. Heeger and Bergen, "Pyramid-based texture analysis/synthesis" (1995), give a
/// texture the statistics that each band of another one has. Here it is the energy of a single band, place by place, and
/// only upwards: an edge that the network carried through the hole has its energy already and stays as it is.
package struct ContrastRestoration {
    /// Cells: what is larger keeps its contrast. What to expect counts blobs of twice the size as well, so that fine
    /// contrast makes up for coarse.
    private static let blur: Float = 2
    /// Cells over which energy is told.
    private static let energyBlur: Float = 2
    /// How many times the contrast there was, at most: beyond, what is wrong would be seen more than what is missing.
    private static let most: Float = 1.5

    private let bands: DetailBands
    /// The picture without the band, `[height, width, 3]` cells.
    private let low: [Float]
    /// How much of the band is added once more, `[height, width]` cells; 0 outside of the hole.
    private let gains: [Float]

    /// - Parameters:
    ///   - planes: `[3, height, width]` of the crop, its hole filled.
    ///   - bands: of the same crop; they say what is known and what to expect elsewhere.
    package init(of planes: UnsafeBufferPointer<Float>, bands: DetailBands) {
        self.bands = bands
        let (width, height) = (bands.width, bands.height)
        let hole = bands.known.indices.filter { !bands.known[$0] }
        var average = bands.average
        let means = bands.holeMeans(of: planes) { sample, _, _, _ in sample }
        for index in hole { for channel in 0..<3 { average[3 * index + channel] = means[3 * index + channel] } }
        let low = CellBlur.means(average, width, height, channels: 3, sigma: Self.blur)
        let squares = low.withUnsafeBufferPointer { low in
            bands.holeMeans(of: planes) { sample, channel, column, row in
                let above = sample - CellTap.value(low, column, row, width: width, channel: channel)
                return above * above
            }
        }
        var energy = bands.energy
        for index in hole { energy[index] = (squares[3 * index] + squares[3 * index + 1] + squares[3 * index + 2]) / 3 }
        let own = CellBlur.means(energy, width, height, channels: 1, sigma: Self.energyBlur)
        var gains = [Float](repeating: 0, count: width * height)
        for index in hole {
            let missing = bands.expected[index] - logf(max(own[index], 0) + DetailBands.invisible)
            gains[index] = min(max(expf(missing / 2), 1), Self.most) - 1
        }
        (self.low, self.gains) = (low, gains)
    }

    /// Raises the contrast of the pixels of a box.
    ///
    /// - Parameters:
    ///   - planes: as in ``init(of:bands:)``.
    ///   - box: pixels.
    ///   - shares: `[box.height, box.width]`, how much of it each pixel gets, 0...1.
    package func apply(to planes: UnsafeMutableBufferPointer<Float>, box: PixelBox, shares: [Float]) {
        let (cell, width, pixelWidth) = (bands.cell, bands.width, bands.width * bands.cell)
        let area = pixelWidth * bands.height * cell
        let columns = (0..<box.width).map { CellTap(box.x + $0, cell: cell, count: width) }
        low.withUnsafeBufferPointer { low in
            gains.withUnsafeBufferPointer { gains in
                for y in 0..<box.height {
                    let row = CellTap(box.y + y, cell: cell, count: bands.height)
                    for x in 0..<box.width where shares[y * box.width + x] > 0 {
                        let gain =
                            shares[y * box.width + x]
                            * CellTap.value(gains, columns[x], row, width: width, channel: 0, of: 1)
                        for channel in 0..<3 {
                            let pixel = channel * area + (box.y + y) * pixelWidth + box.x + x
                            let smooth = CellTap.value(low, columns[x], row, width: width, channel: channel)
                            planes[pixel] = min(max(planes[pixel] + (planes[pixel] - smooth) * gain, 0), 1)
                        }
                    }
                }
            }
        }
    }
}

extension DetailBands {
    /// Means over the pixels of each cell of the hole, `[height, width, 3]`; 0 in known cells.
    ///
    /// - Parameter value: what is averaged, by a sample, its channel, and where its column and row lie between the cells.
    fileprivate func holeMeans(
        of planes: UnsafeBufferPointer<Float>, _ value: (Float, Int, CellTap, CellTap) -> Float
    ) -> [Float] {
        let (pixelWidth, area, share) = (width * cell, width * height * cell * cell, 1 / Float(cell * cell))
        let columns = (0..<pixelWidth).map { CellTap($0, cell: cell, count: width) }
        var result = [Float](repeating: 0, count: 3 * width * height)
        for y in 0..<(height * cell) {
            let row = CellTap(y, cell: cell, count: height)
            for index in (y / cell * width)..<((y / cell + 1) * width) where !known[index] {
                let left = index % width * cell
                for channel in 0..<3 {
                    for x in left..<(left + cell) {
                        let sample = planes[channel * area + y * pixelWidth + x]
                        result[3 * index + channel] += value(sample, channel, columns[x], row) * share
                    }
                }
            }
        }
        return result
    }
}
