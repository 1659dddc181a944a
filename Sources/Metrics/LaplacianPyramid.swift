/// The Laplacian pyramid of Burt and Adelson, "The Laplacian pyramid as a compact image code" (1983): every level holds
/// what the next coarser one cannot show, the last one what is left.
struct LaplacianPyramid {
    /// One band of a channel, `[height, width]`.
    struct Level {
        var width: Int
        var height: Int
        var values: [Float]
    }

    /// Halving ends where the shorter side would fall below this.
    static let coarsestSide = 16

    /// Finest first; at least one.
    let levels: [Level]

    /// - Parameter values: one channel, `[height, width]`.
    init(_ values: [Float], width: Int, height: Int) {
        precondition(values.count == width * height && !values.isEmpty, "Metrics: a plane of another size")
        var levels: [Level] = []
        var current = Level(width: width, height: height, values: values)
        while min(current.width, current.height) >= 2 * Self.coarsestSide {
            let smaller = Self.halved(current)
            let predicted = Self.doubled(smaller, width: current.width, height: current.height)
            var band = current
            for i in band.values.indices { band.values[i] -= predicted.values[i] }
            levels.append(band)
            current = smaller
        }
        self.levels = levels + [current]
    }

    /// The binomial window of five, which stands for a Gaussian.
    private static let window: [Float] = [1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16]

    /// Index `i` of a row of `count`, mirrored at its first and last element.
    @inline(__always)
    private static func mirrored(_ i: Int, _ count: Int) -> Int {
        guard count > 1 else { return 0 }
        let period = 2 * (count - 1)
        let position = ((i % period) + period) % period
        return position < count ? position : period - position
    }

    /// Smoothed, every second pixel kept.
    private static func halved(_ level: Level) -> Level {
        let width = (level.width + 1) / 2, height = (level.height + 1) / 2
        var rows = [Float](repeating: 0, count: width * level.height)
        for y in 0..<level.height {
            for x in 0..<width {
                var sum: Float = 0
                for tap in 0..<5 {
                    sum += window[tap] * level.values[y * level.width + mirrored(2 * x + tap - 2, level.width)]
                }
                rows[y * width + x] = sum
            }
        }
        var result = Level(width: width, height: height, values: [Float](repeating: 0, count: width * height))
        for y in 0..<height {
            for tap in 0..<5 {
                let row = mirrored(2 * y + tap - 2, level.height) * width
                for x in 0..<width { result.values[y * width + x] += window[tap] * rows[row + x] }
            }
        }
        return result
    }

    /// To `width` x `height`: zeros between the pixels, smoothed by the window, which then counts fourfold.
    private static func doubled(_ level: Level, width: Int, height: Int) -> Level {
        // Of the five taps at a fine place those that fall on coarse pixels: three at even places, two at odd ones.
        func taps(_ place: Int, _ count: Int) -> [(index: Int, weight: Float)] {
            let first = place % 2 == 0 ? place / 2 - 1 : place / 2
            let weights: [Float] = place % 2 == 0 ? [0.125, 0.75, 0.125] : [0.5, 0.5]
            return weights.enumerated().map { (index: mirrored(first + $0, count), weight: $1) }
        }
        var rows = [Float](repeating: 0, count: width * level.height)
        for x in 0..<width {
            for (index, weight) in taps(x, level.width) {
                for y in 0..<level.height { rows[y * width + x] += weight * level.values[y * level.width + index] }
            }
        }
        var result = Level(width: width, height: height, values: [Float](repeating: 0, count: width * height))
        for y in 0..<height {
            for (index, weight) in taps(y, level.height) {
                for x in 0..<width { result.values[y * width + x] += weight * rows[index * width + x] }
            }
        }
        return result
    }
}
