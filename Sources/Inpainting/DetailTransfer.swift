import Glibc

/// Carries the detail of the surroundings into a hole that was filled smoothly.
///
/// A network that works at a half or a third of a large photo's resolution leaves a hole without grain and texture, and
/// one that answers with the mean of all that could be there leaves it without anything of the size of a leaf or a stone
/// either. After Yi et al., "Contextual residual aggregation for ultra high-resolution image inpainting" (2020), what the
/// surroundings have above the smooth picture is added to the fill; but averages of residuals are mush, and residuals of
/// single pixels look embossed. So whole patches are taken, as they are, where they go on each other (``DetailSearch``):
/// their middle band is joined over half a patch, their fine band at a line, as in Burt and Adelson, "A multiresolution
/// spline with application to image mosaics" (1983). Where no patch suits, its middle band and then the fine one are left
/// out, and nothing is louder than the rim lets expect: the fill stays as smooth as it is rather than get a wrong object.
///
/// Deterministic: the same crop gives the same picture.
package struct DetailTransfer {
    /// Pixels of a cell's side: for each photo pixel that one of the model's stands for, and where the model sees all
    /// pixels of a hole that is not thicker than ``fineThickness``, so that patches go into it.
    private static let cellPerScale = 4
    private static let fineCell = 2
    private static let fineThickness = 64
    /// Pixels: through holes that are thinner than this the model carries what is there, and needs no help.
    private static let thinnest = 16
    /// Cells of a patch's side.
    static let side = 14
    /// Costs of a match from which on its bands fade, and over how much.
    private static let middleLimit: (from: Float, over: Float) = (9, 3)
    private static let fineLimit: (from: Float, over: Float) = (12, 4)
    /// What is kept of either band, in standard deviations of the expected detail.
    private static let middleCap: Float = 2.5
    private static let fineCap: Float = 4

    private let mask: [UInt8]
    /// What was not the photo's own at first: at its border detail fades in.
    private let whole: [UInt8]
    /// How much detail each pixel of the hole gets, 0...255; nil = all.
    private let shares: [UInt8]?
    /// Cells with pixels that get some.
    private let isWanted: [Bool]
    private let pixelWidth: Int
    private let pixelHeight: Int
    private let bands: DetailBands
    /// Known cells and those that a patch was laid on.
    private var isThere: [Bool]
    /// The middle band as the picture gets it, and as the next patches have to go on it: without what was left out.
    private var middle: [Float]
    private var matched: [Float]
    /// The fine band, `[box.height, box.width, 3]` of the pixels of the hole's cells.
    private let box: PixelBox
    private var fine: [Float]

    /// Adds detail to a crop that the model saw at `1 / scale` of its resolution. Where it saw all pixels, what is thin
    /// stays as it is.
    ///
    /// - Parameters: as below; `scale` times 4 divides both sides.
    package static func apply(
        to planes: inout [Float], mask: [UInt8], whole: [UInt8]? = nil, width: Int, height: Int, scale: Int
    ) {
        var (cell, thinnest) = (cellPerScale * scale, 0)
        if scale == 1 {
            let thickness = HoleThickness.largest(
                of: whole ?? mask, width: width, height: height, most: fineThickness + 2)
            if thickness < Self.thinnest { return }
            thinnest = Self.thinnest
            if thickness <= fineThickness { cell = fineCell }
        }
        apply(to: &planes, mask: mask, whole: whole, width: width, height: height, cell: cell, thinnest: thinnest)
    }

    /// Adds detail to a crop. Nothing happens where the surroundings have no room for a patch.
    ///
    /// - Parameters:
    ///   - planes: `[3, height, width]`, 0...1, its hole filled smoothly; only the hole changes.
    ///   - mask: `[height, width]`, everything but 0 is hole.
    ///   - whole: the same, before parts of the hole got their detail; nil where this is all of it. To such a part the
    ///     patches are joined, to the photo the fill itself.
    ///   - cell: pixels; divides both sides.
    ///   - thinnest: pixels; parts of the hole that are thinner stay as they are.
    package static func apply(
        to planes: inout [Float], mask: [UInt8], whole: [UInt8]? = nil, width: Int, height: Int, cell: Int,
        thinnest: Int = 0
    ) {
        var shares: [UInt8]?
        if thinnest > 0 {
            shares = HoleThickness.shares(of: whole ?? mask, width: width, height: height, thinnest: thinnest)
            if shares == nil { return }
        }
        let bands = DetailBands(
            planes: planes, mask: mask, width: width, height: height, cell: cell, colourBlur: Float(side) / 4)
        guard let search = DetailSearch(bands, side: side),
            var transfer = DetailTransfer(
                mask: mask, whole: whole ?? mask, shares: shares, width: width, height: height, bands: bands)
        else { return }
        planes.withUnsafeMutableBufferPointer { planes in
            transfer.quilt(search, UnsafeBufferPointer(planes))
            transfer.compose(into: planes)
        }
    }

    /// - Returns: nil where nothing gets detail.
    private init?(
        mask: [UInt8], whole: [UInt8], shares: [UInt8]?, width: Int, height: Int, bands: DetailBands
    ) {
        var isWanted = bands.known.map { !$0 }
        if let shares {
            isWanted = [Bool](repeating: false, count: isWanted.count)
            for y in 0..<height {
                for x in 0..<width where shares[y * width + x] != 0 && mask[y * width + x] != 0 {
                    isWanted[y / bands.cell * bands.width + x / bands.cell] = true
                }
            }
        }
        var cells: PixelBox?
        for y in 0..<bands.height {
            for x in 0..<bands.width where isWanted[y * bands.width + x] {
                let one = PixelBox(x: x, y: y, width: 1, height: 1)
                cells = cells?.union(one) ?? one
            }
        }
        guard let cells else { return nil }
        (self.mask, self.whole, self.shares, self.isWanted) = (mask, whole, shares, isWanted)
        (pixelWidth, pixelHeight, self.bands) = (width, height, bands)
        isThere = bands.known
        middle = bands.middle
        matched = bands.middle
        box = PixelBox(
            x: cells.x * bands.cell, y: cells.y * bands.cell, width: cells.width * bands.cell,
            height: cells.height * bands.cell)
        fine = [Float](repeating: 0, count: 3 * box.width * box.height)
    }

    // MARK: Patches

    /// Lays patches over the hole, row by row, each overlapping the last one by half.
    private mutating func quilt(_ search: DetailSearch, _ planes: UnsafeBufferPointer<Float>) {
        var search = search
        let (side, step, cell) = (Self.side, Self.side / 2, bands.cell)
        var laid: [(y: Int, x: Int, from: DetailSearch.Match)] = []
        func starts(_ first: Int, _ length: Int, _ whole: Int) -> [Int] {
            stride(from: max(first - side / 4, 0), to: first + length, by: step).map { min($0, whole - side) }
        }
        let rows = starts(box.y / cell, box.height / cell, bands.height)
        let columns = starts(box.x / cell, box.width / cell, bands.width)
        for y in rows {
            for x in columns where touchesHole(y, x) && laid.last.map({ ($0.y, $0.x) != (y, x) }) ?? true {
                let near = laid.filter { abs($0.y - y) <= side && abs($0.x - x) <= side }
                let match = search.best(
                    y: y, x: x, middle: matched, isThere: isThere,
                    neighbours: near.map { ($0.from.y + y - $0.y, $0.from.x + x - $0.x) })
                lay(match, y, x, planes)
                laid.append((y, x, match))
            }
        }
    }

    private func touchesHole(_ y: Int, _ x: Int) -> Bool {
        for dy in 0..<Self.side {
            for dx in 0..<Self.side where isWanted[(y + dy) * bands.width + x + dx] { return true }
        }
        return false
    }

    private mutating func lay(
        _ match: DetailSearch.Match, _ y: Int, _ x: Int, _ planes: UnsafeBufferPointer<Float>
    ) {
        let (side, width) = (Self.side, bands.width)
        func gain(_ limit: (from: Float, over: Float)) -> Float {
            min(max((limit.from + limit.over - match.cost) / limit.over, 0), 1)
        }
        let middleGain = gain(Self.middleLimit)
        // The fine band of an edge without its middle one would be a ghost of its outline.
        let texture = min(max(2 - match.unevenness, 0), 1) * min(max(1 - match.richness, 0), 1)
        let fineGain = middleGain + (gain(Self.fineLimit) - middleGain) * texture
        let opacity = self.opacity(y, x)
        layFine(match, y, x, planes, opacity: opacity, gain: fineGain)
        for dy in 0..<side {
            for dx in 0..<side {
                let cell = (y + dy) * width + x + dx
                guard !bands.known[cell] else { continue }
                let share = opacity[dy * side + dx]
                let soft = share * share * (3 - 2 * share)
                let from = 3 * ((match.y + dy) * width + match.x + dx)
                for channel in 0..<3 {
                    let (new, at) = (bands.middle[from + channel], 3 * cell + channel)
                    middle[at] += (new * middleGain - middle[at]) * soft
                    matched[at] += (new - matched[at]) * soft
                }
                isThere[cell] = true
            }
        }
    }

    /// How far a new patch covers what is there: from 0 at its own border to 1 where nothing was, `[side, side]`.
    private func opacity(_ y: Int, _ x: Int) -> [Float] {
        let side = Self.side
        func there(_ dy: Int, _ dx: Int) -> Bool { isThere[(y + dy) * bands.width + x + dx] }
        var gaps: [(Int, Int)] = []
        for dy in 0..<side { for dx in 0..<side where !there(dy, dx) { gaps.append((dy, dx)) } }
        var result = [Float](repeating: 1, count: side * side)
        for dy in 0..<side {
            for dx in 0..<side where there(dy, dx) {
                var nearest = 4 * side * side
                for gap in gaps {
                    nearest = min(nearest, (gap.0 - dy) * (gap.0 - dy) + (gap.1 - dx) * (gap.1 - dx))
                }
                let depth = Float(nearest).squareRoot()
                let edge = Float(min(min(dy + 1, side - dy), min(dx + 1, side - dx)))
                result[dy * side + dx] = gaps.isEmpty ? 0 : edge / (edge + depth)
            }
        }
        return result
    }

    /// Copies the fine band of the patch's hole pixels.
    private mutating func layFine(
        _ match: DetailSearch.Match, _ y: Int, _ x: Int, _ planes: UnsafeBufferPointer<Float>, opacity: [Float],
        gain: Float
    ) {
        let (side, cell, area) = (Self.side, bands.cell, pixelWidth * pixelHeight)
        let taps = (0..<side * cell).map { CellTap($0, cell: cell, count: side) }
        let columns = (0..<side * cell).map { CellTap(match.x * cell + $0, cell: cell, count: bands.width) }
        func covers(_ x: CellTap, _ y: CellTap) -> Float {
            let (upper, lower) = (y.low * side, y.high * side)
            let a = opacity[upper + x.low] + (opacity[upper + x.high] - opacity[upper + x.low]) * x.weight
            let b = opacity[lower + x.low] + (opacity[lower + x.high] - opacity[lower + x.low]) * x.weight
            return a + (b - a) * y.weight
        }
        let (width, height, box, pixelWidth) = (bands.width, bands.height, box, pixelWidth)
        bands.average.withUnsafeBufferPointer { average in
            mask.withUnsafeBufferPointer { mask in
                fine.withUnsafeMutableBufferPointer { fine in
                    for dy in 0..<side * cell {
                        let targetY = y * cell + dy - box.y
                        guard targetY >= 0, targetY < box.height else { continue }
                        let sourceY = match.y * cell + dy
                        let row = CellTap(sourceY, cell: cell, count: height)
                        for dx in 0..<side * cell {
                            let targetX = x * cell + dx - box.x
                            guard targetX >= 0, targetX < box.width,
                                mask[(y * cell + dy) * pixelWidth + x * cell + dx] != 0
                            else { continue }
                            // At a line: two textures over each other are a third one.
                            let share = min(max((covers(taps[dx], taps[dy]) - 0.5) * 6 + 0.5, 0), 1)
                            if share == 0 { continue }
                            let source = sourceY * pixelWidth + match.x * cell + dx
                            let target = 3 * (targetY * box.width + targetX)
                            for channel in 0..<3 {
                                let smooth = CellTap.value(average, columns[dx], row, width: width, channel: channel)
                                let new = (planes[channel * area + source] - smooth) * gain
                                fine[target + channel] += (new - fine[target + channel]) * share
                            }
                        }
                    }
                }
            }
        }
    }

    // MARK: The picture

    /// The fill with its detail; at the rim it fades in, so that the fill's own joint to the photo stays.
    private func compose(into result: UnsafeMutableBufferPointer<Float>) {
        let (cell, area) = (bands.cell, pixelWidth * pixelHeight)
        let blurred = blend()
        let columns = (0..<box.width).map { CellTap(box.x + $0, cell: cell, count: bands.width) }
        var received = [Float](repeating: 0, count: box.width * box.height)
        let caps = bands.expected.map { expf($0 / 2) * Self.fineCap }
        blurred.withUnsafeBufferPointer { blurred in
            mask.withUnsafeBufferPointer { mask in
                let reach = 3 * cell
                SquaredDistance.forEachRow(width: box.width, height: box.height, reach: reach) { x, y in
                    whole[(box.y + y) * pixelWidth + box.x + x] == 0
                } row: { y, squared in
                    let row = CellTap(box.y + y, cell: cell, count: bands.height)
                    for x in 0..<box.width {
                        let pixel = (box.y + y) * pixelWidth + box.x + x
                        guard mask[pixel] != 0 else { continue }
                        let distance = min(Float(squared[x]).squareRoot() / Float(cell), 3)
                        let share = shares.map { Float($0[pixel]) / 255 } ?? 1
                        let (wide, narrow) = (Self.ramp(distance / 3) * share, Self.ramp(distance) * share)
                        received[y * box.width + x] = wide
                        let cap = caps[(box.y + y) / cell * bands.width + (box.x + x) / cell]
                        for channel in 0..<3 {
                            let smooth = CellTap.value(blurred, columns[x], row, width: bands.width, channel: channel)
                            let detail = min(max(fine[3 * (y * box.width + x) + channel], -cap), cap)
                            let own = result[channel * area + pixel]
                            result[channel * area + pixel] = min(
                                max(own + (smooth - own) * wide + detail * narrow, 0), 1)
                        }
                    }
                }
            }
        }
        ContrastRestoration(of: UnsafeBufferPointer(result), bands: bands).apply(to: result, box: box, shares: received)
    }

    /// Base and middle band together: `[height, width, 3]` cells; the photo's own where it is known.
    private func blend() -> [Float] {
        var result = bands.average
        for index in result.indices where !bands.known[index / 3] {
            let cap = expf(bands.expected[index / 3] / 2) * Self.middleCap
            result[index] = bands.base[index] + min(max(middle[index], -cap), cap)
        }
        return result
    }

    private static func ramp(_ value: Float) -> Float {
        let inside = min(max(value, 0), 1)
        return inside * inside * (3 - 2 * inside)
    }
}
