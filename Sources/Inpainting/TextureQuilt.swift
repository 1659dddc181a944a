import Layers

/// A picture of any size made of pieces of a small one, which looks the same everywhere: Efros and Freeman, "Image
/// quilting for texture synthesis and transfer" (2001).
///
/// Square blocks are laid row by row. Each overlaps those before it, is one of the pieces that go best on them, and is
/// cut to them where the two differ least. Blocks where nothing is wanted are left out.
package struct TextureQuilt {
    /// Pixels of a block's side, and by how much it overlaps the ones before.
    private static let block = 48
    private static let overlap = 12
    /// Places of the small picture that are tried: every second in each direction.
    private static let stride = 2
    /// Pieces that are nearly as good as the best one are drawn from: so much worse than it, and by so much of the
    /// texture's variance. Of a smooth texture the best one alone would come again and again.
    private static let tolerance: Float = 1.1
    private static let slack: Float = 0.004
    private static let luma = SIMD3<Float>(0.299, 0.587, 0.114)

    private let width: Int
    private let height: Int
    /// `[height, width, 3]`; 0 where nothing is wanted.
    package private(set) var pixels: [UInt8]
    private let source: [UInt8]
    private let size: Int
    private var random: SeededRandom
    private var isLaid: [Bool]
    /// Brightness of the source and of what is laid, by which pieces are compared.
    private let sourceLuma: [Float]
    private let variance: Float
    private var laidLuma: [Float]

    /// - Parameters:
    ///   - source: `[size, size, 3]`, at least 64 pixels wide.
    ///   - size: its side.
    ///   - width: of the quilt.
    ///   - height: of the quilt.
    ///   - wanted: `[height, width]`; what need not be there is left out.
    ///   - random: chooses among what goes equally well.
    package init(_ source: [UInt8], size: Int, width: Int, height: Int, wanted: [Bool], random: SeededRandom) {
        precondition(
            source.count == 3 * size * size && size >= Self.block + 4, "Inpainting: a texture of \(size) pixels")
        precondition(wanted.count == width * height, "Inpainting: a quilt of another size")
        (self.source, self.size, self.random) = (source, size, random)
        (self.width, self.height) = (width, height)
        pixels = [UInt8](repeating: 0, count: 3 * width * height)
        isLaid = [Bool](repeating: false, count: width * height)
        // What fits in one piece is not compared with anything.
        let isOnePiece = width <= size && height <= size
        sourceLuma = isOnePiece ? [] : (0..<size * size).map { Self.luma(of: source, at: $0) }
        laidLuma = [Float](repeating: 0, count: isOnePiece ? 0 : width * height)
        let mean = sourceLuma.reduce(0, +) / Float(size * size)
        variance = sourceLuma.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(size * size)
        if isOnePiece {
            let place = (y: drawn(size - height + 1), x: drawn(size - width + 1))
            lay(place, y: 0, x: 0, height: height, width: width) { _, _ in true }
            return
        }
        let step = Self.block - Self.overlap
        for y in Swift.stride(from: 0, to: max(height - Self.overlap, 1), by: step) {
            for x in Swift.stride(from: 0, to: max(width - Self.overlap, 1), by: step)
            where Self.touches(wanted, y: y, x: x, width: width, height: height) { layBlock(y: y, x: x) }
        }
    }

    private static func luma(of pixels: [UInt8], at index: Int) -> Float {
        (SIMD3(Float(pixels[3 * index]), Float(pixels[3 * index + 1]), Float(pixels[3 * index + 2])) * luma).sum() / 255
    }

    private mutating func drawn(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

    private static func touches(_ wanted: [Bool], y: Int, x: Int, width: Int, height: Int) -> Bool {
        for row in y..<min(y + block, height) {
            for column in x..<min(x + block, width) where wanted[row * width + column] { return true }
        }
        return false
    }

    private mutating func layBlock(y: Int, x: Int) {
        let (height, width) = (min(Self.block, self.height - y), min(Self.block, self.width - x))
        // What is there already, row by row.
        var there: [(y: Int, from: Int, to: Int)] = []
        for row in 0..<height {
            var column = 0
            while column < width {
                let from = column
                while column < width, isLaid[(y + row) * self.width + x + column] { column += 1 }
                if column > from { there.append((row, from, column)) }
                while column < width, !isLaid[(y + row) * self.width + x + column] { column += 1 }
            }
        }
        let place = best(y: y, x: x, height: height, width: width, there)
        let (columns, rows) = cuts(place, y: y, x: x, height: height, width: width)
        lay(place, y: y, x: x, height: height, width: width) { row, column in
            column >= columns[row] && row >= rows[column]
        }
    }

    /// A piece that goes on what is there.
    private mutating func best(
        y: Int, x: Int, height: Int, width: Int, _ there: [(y: Int, from: Int, to: Int)]
    ) -> (y: Int, x: Int) {
        let (rows, columns) = (0...(size - height), 0...(size - width))
        guard !there.isEmpty else { return (drawn(rows.count), drawn(columns.count)) }
        func cost(_ row: Int, _ column: Int, _ most: Float) -> Float {
            var sum: Float = 0
            sourceLuma.withUnsafeBufferPointer { source in
                laidLuma.withUnsafeBufferPointer { laid in
                    for run in there {
                        let (own, other) = ((row + run.y) * size + column, (y + run.y) * self.width + x)
                        for i in run.from..<run.to {
                            let difference = source[own + i] - laid[other + i]
                            sum += difference * difference
                        }
                        if sum > most { break }
                    }
                }
            }
            return sum
        }
        let slack = Self.slack * variance * Float(there.reduce(0) { $0 + $1.to - $1.from })
        var tried: [(cost: Float, y: Int, x: Int)] = []
        var (least, most) = (Float.infinity, Float.infinity)
        // One off the border, so that the neighbours of each can be tried.
        for row in Swift.stride(from: 1, to: rows.upperBound, by: Self.stride) {
            for column in Swift.stride(from: 1, to: columns.upperBound, by: Self.stride) {
                let sum = cost(row, column, most)
                guard sum <= most else { continue }
                least = min(least, sum)
                most = least * Self.tolerance + slack
                tried.append((sum, row, column))
            }
        }
        let good = tried.filter { $0.cost <= most }
        var chosen = good[drawn(good.count)]
        // Sharp lines go on only to the pixel.
        let centre = chosen
        for row in rows.clamped(to: (centre.y - 1)...(centre.y + 1)) {
            for column in columns.clamped(to: (centre.x - 1)...(centre.x + 1)) {
                let sum = cost(row, column, chosen.cost)
                if sum < chosen.cost { chosen = (sum, row, column) }
            }
        }
        return (chosen.y, chosen.x)
    }

    /// Where the new piece begins in each row and in each column: the paths along which it differs least from what is
    /// there.
    private func cuts(
        _ place: (y: Int, x: Int), y: Int, x: Int, height: Int, width: Int
    ) -> (columns: [Int], rows: [Int]) {
        func error(_ row: Int, _ column: Int) -> Float {
            let index = (y + row) * self.width + x + column
            guard isLaid[index] else { return 0 }
            let difference = sourceLuma[(place.y + row) * size + place.x + column] - laidLuma[index]
            return difference * difference
        }
        let (across, down) = (min(Self.overlap, width), min(Self.overlap, height))
        let columns =
            x == 0 ? [Int](repeating: 0, count: height) : Self.path(length: height, width: across) { error($0, $1) }
        let rows =
            y == 0 ? [Int](repeating: 0, count: width) : Self.path(length: width, width: down) { error($1, $0) }
        return (columns, rows)
    }

    /// The cheapest way through a strip, one place for each step, neighbours at most one apart.
    private static func path(length: Int, width: Int, cost: (Int, Int) -> Float) -> [Int] {
        var sums = [Float](repeating: 0, count: length * width)
        for i in 0..<length {
            for j in 0..<width {
                var before: Float = 0
                if i > 0 {
                    before = (max(j - 1, 0)...min(j + 1, width - 1)).reduce(.infinity) {
                        min($0, sums[(i - 1) * width + $1])
                    }
                }
                sums[i * width + j] = before + cost(i, j)
            }
        }
        var result = [Int](repeating: 0, count: length)
        var around = 0...(width - 1)
        for i in (0..<length).reversed() {
            let best = around.min { sums[i * width + $0] < sums[i * width + $1] } ?? 0
            result[i] = best
            around = max(best - 1, 0)...min(best + 1, width - 1)
        }
        return result
    }

    private mutating func lay(
        _ place: (y: Int, x: Int), y: Int, x: Int, height: Int, width: Int, isOwn: (Int, Int) -> Bool
    ) {
        for row in 0..<height {
            for column in 0..<width {
                let target = (y + row) * self.width + x + column
                guard !isLaid[target] || isOwn(row, column) else { continue }
                let from = (place.y + row) * size + place.x + column
                for channel in 0..<3 { pixels[3 * target + channel] = source[3 * from + channel] }
                isLaid[target] = true
                if !sourceLuma.isEmpty { laidLuma[target] = sourceLuma[from] }
            }
        }
    }
}
