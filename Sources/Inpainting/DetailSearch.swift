import Glibc

/// Finds, for patches of the hole, patches of the surroundings to take detail from. All places are cells.
///
/// A patch suits where its colours are those of the smooth fill, where it is near, as rich in detail as is expected of the
/// hole, evenly so (an edge that ends at the patch's border would be dragged along), and not used already, and where
/// it goes on what is there in the overlap: Efros and Freeman, "Image quilting" (2001), in the middle band and guided by
/// the fill. Patches that go on their neighbours' sources are always tried (He and Sun, "Statistics of patch offsets",
/// 2012).
struct DetailSearch {
    /// What was found for a patch.
    struct Match {
        /// Index in ``places``.
        var place: Int
        var y: Int
        var x: Int
        /// 0 = perfect; above about 10 nothing suits.
        var cost: Float
        /// 0 for texture; from about 1 on there are edges and lines in it.
        var unevenness: Float = 0
        /// The logarithm of its energy against the expected one.
        var richness: Float = 0
    }

    /// Cells of a patch's side.
    let side: Int
    private let bands: DetailBands
    /// The upper left cells of all patches without a hole pixel.
    private let places: [(y: Int32, x: Int32)]
    /// Index in ``places`` by cell, -1 where there is none.
    private let index: [Int32]
    /// Four corners' colours of each place, 12 floats.
    private let corners: [Float]
    /// What a place costs wherever it is put: few cells with all the detail, as a line on an even ground has them.
    private let sparseness: [Float]
    /// The logarithm of the energy of each place's quarters, 4 floats.
    private let quarters: [Float]
    private var use: [Float]

    private static let finalists = 1000
    private static let colourUnit: Float = 0.06
    private static let distanceUnit: Float = 75

    /// - Returns: nil where the surroundings have no room for a patch.
    init?(_ bands: DetailBands, side: Int) {
        let (width, height) = (bands.width, bands.height)
        guard width >= side, height >= side else { return nil }
        let unknown = Self.sums(bands.known.map { $0 ? 0 : 1 }, width, height)
        // Above the noise that no eye sees, so that smooth areas count as even.
        let visible = bands.energy.map { Double($0 + DetailBands.invisible) }
        let energy = Self.sums(visible, width, height)
        let squares = Self.sums(visible.map { $0 * $0 }, width, height)
        func sum(_ table: [Double], _ y: Int, _ x: Int, _ side: Int) -> Double {
            let line = width + 1
            return table[(y + side) * line + x + side] - table[y * line + x + side] - table[(y + side) * line + x]
                + table[y * line + x]
        }
        func logMean(_ y: Int, _ x: Int, _ side: Int) -> Float {
            logf(max(Float(sum(energy, y, x, side)) / Float(side * side), DetailBands.invisible))
        }
        var places: [(y: Int32, x: Int32)] = []
        var index = [Int32](repeating: -1, count: width * height)
        var corners: [Float] = []
        var sparseness: [Float] = []
        var quarters: [Float] = []
        let half = side / 2
        for y in 0...(height - side) {
            for x in 0...(width - side) where sum(unknown, y, x, side) < 0.5 {
                index[y * width + x] = Int32(places.count)
                places.append((Int32(y), Int32(x)))
                corners += Self.corners(bands, y, x, side)
                for (dy, dx) in Self.quarterPlaces(side) { quarters.append(logMean(y + dy, x + dx, half)) }
                // How few cells have the energy: 2 to 4 for textures, more for a line on an even ground.
                let whole = sum(energy, y, x, side)
                let peaks = sum(squares, y, x, side) * Double(side * side) / (whole * whole)
                sparseness.append(2 * max(logf(Float(max(peaks, 1)) / 4), 0))
            }
        }
        guard !places.isEmpty else { return nil }
        (self.bands, self.side, self.places, self.index) = (bands, side, places, index)
        (self.corners, self.sparseness, self.quarters) = (corners, sparseness, quarters)
        use = [Float](repeating: 0, count: places.count)
    }

    /// The best patch for the cells at `y`, `x`.
    ///
    /// - Parameters:
    ///   - middle: the middle band as far as it is there, `[height, width, 3]`.
    ///   - isThere: where it is, known cells included.
    ///   - neighbours: places of which the detail goes on at this one.
    mutating func best(
        y: Int, x: Int, middle: [Float], isThere: [Bool], neighbours: [(y: Int, x: Int)]
    ) -> Match {
        let wish = Wish(bands, side: side, y: y, x: x)
        let suits = suitability(y, x, wish)
        var tried = finalists(suits)
        for neighbour in neighbours
        where (0..<bands.height).contains(neighbour.y) && (0..<bands.width).contains(neighbour.x) {
            let place = index[neighbour.y * bands.width + neighbour.x]
            if place >= 0 { tried.append(Int(place)) }
        }
        let seam = Seam(bands, side: side, y: y, x: x, middle: middle, isThere: isThere)
        var best = Match(place: 0, y: 0, x: 0, cost: .infinity)
        for place in tried {
            let (fromY, fromX) = (Int(places[place].y), Int(places[place].x))
            let cost = suits[place] + 6 * seam.mismatch(fromY, fromX, limit: (best.cost - suits[place]) / 6)
            if cost < best.cost {
                best = Match(place: place, y: fromY, x: fromX, cost: cost)
            }
        }
        let detail = wish.fit(quarters, 4 * best.place)
        best.richness = detail.richness
        best.unevenness = detail.spread + sparseness[best.place]
        noteUse(of: best)
        return best
    }

    /// The cost of every place but for the seam.
    private func suitability(_ y: Int, _ x: Int, _ wish: Wish) -> [Float] {
        let wanted = Self.corners(bands, y, x, side)
        var result = [Float](repeating: 0, count: places.count)
        corners.withUnsafeBufferPointer { corners in
            for place in places.indices {
                var colour: Float = 0
                for element in 0..<12 {
                    let difference = corners[12 * place + element] - wanted[element]
                    colour += difference * difference
                }
                colour /= 4 * Self.colourUnit * Self.colourUnit
                let (dy, dx) = (Float(Int(places[place].y) - y), Float(Int(places[place].x) - x))
                // Far from the colour is as bad as farther.
                let hue = 12 * colour / (12 + colour)
                let distance = (dy * dy + dx * dx) / (Self.distanceUnit * Self.distanceUnit)
                let detail = wish.fit(quarters, 4 * place)
                // Too little detail is a smaller fault than too much.
                let plainness = (detail.richness > 0 ? 1 : 0.3) * detail.richness * detail.richness
                result[place] = hue + distance + plainness + detail.spread + sparseness[place] + use[place]
            }
        }
        return result
    }

    /// About the best thousand, by a histogram.
    private func finalists(_ costs: [Float]) -> [Int] {
        guard costs.count > Self.finalists, let low = costs.min() else { return Array(costs.indices) }
        let bins = 512
        let unit = Float(bins) / 32
        func bin(_ cost: Float) -> Int { min(Int((cost - low) * unit), bins - 1) }
        var histogram = [Int](repeating: 0, count: bins)
        for cost in costs { histogram[bin(cost)] += 1 }
        var (last, count) = (0, histogram[0])
        while count < Self.finalists, last + 1 < bins {
            last += 1
            count += histogram[last]
        }
        var result: [Int] = []
        for place in costs.indices where bin(costs[place]) <= last {
            result.append(place)
            if result.count == 2 * Self.finalists { break }
        }
        return result
    }

    /// The same patch again and again would show: a place and those around it become dearer.
    private mutating func noteUse(of match: Match) {
        let reach = side
        let unit = 2 * (Float(side) / 2.5) * (Float(side) / 2.5)
        for y in max(match.y - reach, 0)...min(match.y + reach, bands.height - 1) {
            for x in max(match.x - reach, 0)...min(match.x + reach, bands.width - 1) {
                let place = index[y * bands.width + x]
                guard place >= 0 else { continue }
                let (dy, dx) = (Float(y - match.y), Float(x - match.x))
                use[Int(place)] += expf(-(dy * dy + dx * dx) / unit)
            }
        }
    }

    private static func corners(_ bands: DetailBands, _ y: Int, _ x: Int, _ side: Int) -> [Float] {
        let (near, far) = (side / 4, side - 1 - side / 4)
        var result: [Float] = []
        result.reserveCapacity(12)
        for (dy, dx) in [(near, near), (near, far), (far, near), (far, far)] {
            let cell = 3 * ((y + dy) * bands.width + x + dx)
            for channel in 0..<3 { result.append(bands.colour[cell + channel]) }
        }
        return result
    }

    /// A summed-area table with a row and a column of zeros before it.
    private static func sums(_ values: [Double], _ width: Int, _ height: Int) -> [Double] {
        let line = width + 1
        var table = [Double](repeating: 0, count: line * (height + 1))
        for y in 0..<height {
            var row = 0.0
            for x in 0..<width {
                row += values[y * width + x]
                table[(y + 1) * line + x + 1] = table[y * line + x + 1] + row
            }
        }
        return table
    }
}

extension DetailSearch {
    /// Where the quarters of a patch of this side begin.
    fileprivate static func quarterPlaces(_ side: Int) -> [(Int, Int)] {
        let end = side - side / 2
        return [(0, 0), (0, end), (end, 0), (end, end)]
    }
}

/// How much detail is wanted at one place of the hole, in the quarters of the patch that the hole takes up: what the others
/// have is compared at the seam, and an edge in them is no fault.
private struct Wish {
    private var expected = SIMD4<Float>()
    /// 1 where the quarter counts, 0 where it does not.
    private var counts = SIMD4<Float>()
    private let share: Float

    init(_ bands: DetailBands, side: Int, y: Int, x: Int) {
        let half = side / 2
        for (number, (top, left)) in DetailSearch.quarterPlaces(side).enumerated() {
            var (unknown, sum) = (0, Float(0))
            for dy in 0..<half {
                for dx in 0..<half {
                    let cell = (y + top + dy) * bands.width + x + left + dx
                    guard !bands.known[cell] else { continue }
                    unknown += 1
                    sum += bands.expected[cell]
                }
            }
            guard 4 * unknown >= half * half else { continue }
            expected[number] = sum / Float(unknown)
            counts[number] = 1
        }
        if counts.sum() == 0 {
            // Corners of the hole in every quarter.
            expected = SIMD4(repeating: bands.expected[(y + half) * bands.width + x + half])
            counts = SIMD4(repeating: 1)
        }
        share = 1 / counts.sum()
    }

    /// How a place's quarters go with what is expected: richer or plainer on the whole, and how unevenly so.
    func fit(_ quarters: [Float], _ first: Int) -> (richness: Float, spread: Float) {
        let place = SIMD4(quarters[first], quarters[first + 1], quarters[first + 2], quarters[first + 3])
        let difference = (place - expected) * counts
        let richness = difference.sum() * share
        let deviation = (difference - richness) * counts
        return (richness, 2 * (deviation * deviation).sum() * share)
    }
}

/// How well patches go on what is there in the overlap with one place of the hole.
private struct Seam {
    private let bands: DetailBands
    /// Offsets in the patch and the three values of the cells that are there.
    private var offsets: [Int] = []
    private var values: [Float] = []
    private var unit: Float = 0

    init(_ bands: DetailBands, side: Int, y: Int, x: Int, middle: [Float], isThere: [Bool]) {
        self.bands = bands
        var energy: Float = 0
        for dy in 0..<side {
            for dx in 0..<side {
                let cell = (y + dy) * bands.width + x + dx
                guard isThere[cell] else { continue }
                offsets.append(3 * (dy * bands.width + dx))
                for channel in 0..<3 {
                    values.append(middle[3 * cell + channel])
                    energy += middle[3 * cell + channel] * middle[3 * cell + channel]
                }
            }
        }
        let count = Float(max(offsets.count, 1))
        unit = 1 / ((energy / count + 1e-3) * count)
    }

    /// The mean squared difference in units of the energy there: 0 for the same, 2 for what has nothing to do with it.
    /// Given up above `limit`.
    func mismatch(_ y: Int, _ x: Int, limit: Float) -> Float {
        let start = 3 * (y * bands.width + x)
        let most = limit / unit
        return bands.middle.withUnsafeBufferPointer { middle in
            var sum: Float = 0
            for (number, offset) in offsets.enumerated() {
                for channel in 0..<3 {
                    let difference = middle[start + offset + channel] - values[3 * number + channel]
                    sum += difference * difference
                }
                if number % 16 == 15, sum > most { break }
            }
            return sum * unit
        }
    }
}
