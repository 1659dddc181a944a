import Foundation

/// Small holes in what is known around a hole: how well a model fills them tells how well it suits the picture.
///
/// Each is a square on a grid that keeps away from the picture's own hole, is filled, and compared with what was there.
/// The picture's own content is the only judge of what suits it: a model that learnt other pictures shows it there,
/// before anybody sees it in the hole.
package struct SurroundingsTrial {
    package let width: Int
    package let height: Int
    /// Planar RGB [3, height, width] in 0...1, the squares filled smoothly, as the hole is.
    package let prefill: [Float]
    /// [height, width], 255 in the squares alone: what counts in them is near them, and holes so small are filled in a
    /// single pass.
    package let mask: [UInt8]
    private let truth: [Float]
    private let squares: [(x: Int, y: Int)]
    /// Of a square, in pixels.
    private let side: Int

    /// Of a square, in pixels: the most that is filled without coarser passes (`CoarseToFine`). In small pictures an eighth
    /// of them.
    private static let largestSide = 10
    /// How far squares stay away from the hole, in pixels.
    private static let margin = 3
    /// A part of a larger picture is looked at, near its hole, in pixels.
    static let largestWindow = 192
    /// Fewer squares say nothing.
    private static let fewest = 4
    /// An error that nobody sees, half of an 8-bit step, squared.
    private static let invisible: Float = 0.002 * 0.002

    /// - Parameters:
    ///   - picture: planar RGB [3, height, width] in 0...1, its hole filled smoothly.
    ///   - mask: [height, width], 255 in the hole.
    ///   - width: of the picture, in pixels.
    ///   - height: of the picture.
    ///   - multiple: what the sides of what is filled must be multiples of, as the picture's are.
    /// - Returns: nil where too little is known.
    package init?(picture: [Float], mask: [UInt8], width: Int, height: Int, multiple: Int) {
        precondition(
            picture.count == 3 * width * height && mask.count == width * height,
            "Inpainting: \(picture.count) values and a mask of \(mask.count) for \(width)x\(height)")
        let hole = HoleCount(mask, width: width, height: height)
        let window = Self.window(hole, multiple: multiple)
        self.width = window.width
        self.height = window.height
        var truth: [Float] = []
        for channel in 0..<3 {
            for y in window.y..<window.endY {
                let line = (channel * height + y) * width
                truth += picture[(line + window.x)..<(line + window.endX)]
            }
        }
        self.truth = truth
        let side = min(Self.largestSide, min(window.width, window.height) / 8)
        self.side = side
        squares = Self.squares(of: side, in: window, around: hole)
        guard squares.count >= Self.fewest else { return nil }
        var mask = [UInt8](repeating: 0, count: window.width * window.height)
        for (x, y) in squares {
            for row in y..<(y + side) {
                for column in x..<(x + side) { mask[row * window.width + column] = 255 }
            }
        }
        self.mask = mask
        prefill = BiharmonicFill.fill(
            truth, channels: 3, width: window.width, height: window.height, mask: mask,
            tolerance: BiharmonicFill.trainingTolerance)
    }

    /// - Parameter fill: planar RGB [3, height, width] of `prefill` by a model.
    /// - Returns: of each square, in dB, how near it is to what was there; the more the better.
    package func scores(_ fill: [Float]) -> [Double] {
        precondition(fill.count == truth.count, "Inpainting: a fill of \(fill.count) values for \(truth.count)")
        let plane = width * height, count = Float(3 * side * side)
        return squares.map { x, y in
            var error: Float = 0
            for channel in 0..<3 {
                for row in y..<(y + side) {
                    let line = channel * plane + row * width
                    for i in (line + x)..<(line + x + side) {
                        let difference = min(max(fill[i], 0), 1) - truth[i]
                        error += difference * difference
                    }
                }
            }
            return -10 * log10(Double(error / count + Self.invisible))
        }
    }

    /// Whether a model is clearly better than another: its lead is twice as large as its standard error, so that one in
    /// forty of those which are as good gets through.
    /// - Parameters:
    ///   - scores: of squares, by the one.
    ///   - others: of the same squares, by the other.
    package static func prefers(_ scores: [Double], over others: [Double]) -> Bool {
        let leads = zip(scores, others).map { $0 - $1 }, count = Double(leads.count)
        guard count > 1 else { return false }
        let mean = leads.reduce(0, +) / count
        let variance = leads.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        return mean > 2 * (variance / count).squareRoot()
    }

    /// The part that is looked at: of those half of which is known, or else most of it, the nearest to the hole's middle.
    private static func window(_ hole: HoleCount, multiple: Int) -> PixelBox {
        func length(_ size: Int) -> Int { size <= largestWindow ? size : largestWindow / multiple * multiple }
        let (across, down) = (length(hole.width), length(hole.height)), enough = across * down / 2
        let middle = hole.middle
        var best = PixelBox(x: 0, y: 0, width: across, height: down)
        var bestKnown = -1, bestDistance = 0
        for y in stride(from: 0, through: hole.height - down, by: multiple) {
            for x in stride(from: 0, through: hole.width - across, by: multiple) {
                let box = PixelBox(x: x, y: y, width: across, height: down)
                let known = min(across * down - hole.count(in: box), enough)
                let (dx, dy) = (x + across / 2 - middle.x, y + down / 2 - middle.y), distance = dx * dx + dy * dy
                if known > bestKnown || known == bestKnown && distance < bestDistance {
                    (best, bestKnown, bestDistance) = (box, known, distance)
                }
            }
        }
        return best
    }

    /// As much stays known between two squares as makes each of them a hole of its own.
    private static func squares(of side: Int, in window: PixelBox, around hole: HoleCount) -> [(x: Int, y: Int)] {
        guard side > 0 else { return [] }
        var result: [(x: Int, y: Int)] = []
        for top in stride(from: margin, through: window.height - side - margin, by: side * 7 / 3) {
            for left in stride(from: margin, through: window.width - side - margin, by: side * 7 / 3) {
                let square = PixelBox(
                    x: window.x + left - margin, y: window.y + top - margin, width: side + 2 * margin,
                    height: side + 2 * margin)
                if hole.count(in: square) == 0 { result.append((left, top)) }
            }
        }
        return result
    }
}

/// How many pixels of a mask lie in any rectangle, from one table of sums.
private struct HoleCount {
    let width: Int
    let height: Int
    /// Of the hole's pixels; that of the picture where there are none.
    let middle: (x: Int, y: Int)
    /// How many lie above and to the left, [height + 1, width + 1].
    private let sums: [Int32]

    init(_ mask: [UInt8], width: Int, height: Int) {
        var sums = [Int32](repeating: 0, count: (width + 1) * (height + 1))
        var columns = 0, rows = 0, count = 0
        for y in 0..<height {
            var line: Int32 = 0
            for x in 0..<width {
                if mask[y * width + x] != 0 {
                    (line, columns, rows, count) = (line + 1, columns + x, rows + y, count + 1)
                }
                sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + line
            }
        }
        self.width = width
        self.height = height
        self.sums = sums
        middle = count > 0 ? (columns / count, rows / count) : (width / 2, height / 2)
    }

    func count(in box: PixelBox) -> Int {
        func sum(_ x: Int, _ y: Int) -> Int { Int(sums[y * (width + 1) + x]) }
        return sum(box.endX, box.endY) - sum(box.x, box.endY) - sum(box.endX, box.y) + sum(box.x, box.y)
    }
}
