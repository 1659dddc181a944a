import Layers
import TensorCore

/// The sliced Wasserstein distance between patches of Laplacian pyramids, `swd`: how far the textures of two sets of
/// pictures are apart at every scale, without a trained network.
///
/// After Rabin et al., "Wasserstein barycenter and its application to texture mixing" (2011), and Karras et al.,
/// "Progressive growing of GANs" (2018), section 5: patches of 7x7 pixels and three channels are taken from every level,
/// projected onto random directions, and the one-dimensional distances `∫ |F⁻¹ - G⁻¹|` averaged over directions and
/// levels, times 1000. Three choices are ours: both sets are normalised by the mean and deviation of the *reference*,
/// so that a loss of contrast counts; patches may be confined to holes; and a patch comes from the same place of every
/// set, so that pictures without a fault are at distance 0. Places and directions are fixed: the same pictures give the
/// same number.
public enum SlicedWasserstein {
    static let patch = 7
    static let patchesPerImage = 128
    static let directions = 256
    private static let seed: UInt64 = 0x5344_5744

    /// Patches of a set of pictures by level, finest first: `[patches, 7 * 7 * 3]` each, one after the other.
    public struct Descriptors {
        var levels: [[Float]]

        static let width = 3 * patch * patch

        /// The number of levels: that of the picture with the fewest.
        public var levelCount: Int { levels.count }
    }

    /// Takes the patches of a set.
    ///
    /// - Parameters:
    ///   - images: at least one.
    ///   - masks: `[height, width]` for each picture, 255 (128 and up) = patches are centred there; nil = anywhere.
    ///     Where no patch inside of the picture is centred in the hole at some level, the picture gives none there.
    public static func descriptors(of images: [MetricImage], masks: [[UInt8]]? = nil) -> Descriptors {
        precondition(masks.map { $0.count == images.count } ?? true, "Metrics: a mask for every picture")
        var levels: [[Float]] = []
        for (number, image) in images.enumerated() {
            let pyramids = (0..<MetricImage.channels).map {
                LaplacianPyramid(image.plane($0), width: image.width, height: image.height)
            }
            let depth = pyramids[0].levels.count
            if number == 0 { levels = Array(repeating: [], count: depth) }
            if depth < levels.count { levels.removeLast(levels.count - depth) }
            for level in levels.indices {
                let band = pyramids[0].levels[level]
                let places = places(
                    mask: masks?[number], image: image, level: level, width: band.width, height: band.height,
                    stream: UInt64(number * 32 + level))
                for place in places {
                    for pyramid in pyramids {
                        let values = pyramid.levels[level].values
                        for dy in 0..<patch {
                            let start = place + dy * band.width
                            levels[level] += values[start..<(start + patch)]
                        }
                    }
                }
            }
        }
        return Descriptors(levels: levels)
    }

    /// The first pixels (top left) of the patches of one level.
    private static func places(
        mask: [UInt8]?, image: MetricImage, level: Int, width: Int, height: Int, stream: UInt64
    ) -> [Int] {
        guard min(width, height) >= patch else { return [] }
        let reach = patch / 2
        var centres: [Int] = []
        for y in reach..<(height - reach) {
            for x in reach..<(width - reach) {
                if let mask, mask[(y << level) * image.width + (x << level)] < 128 { continue }
                centres.append((y - reach) * width + x - reach)
            }
        }
        guard !centres.isEmpty else { return [] }
        var random = SeededRandom(seed: seed, stream: stream)
        return (0..<patchesPerImage).map { _ in centres[Int(random.next() % UInt64(centres.count))] }
    }

    /// The distance of two sets; nil where one of them has no patch at all.
    public static func distance(_ set: Descriptors, reference: Descriptors) -> Double? {
        var sum = 0.0
        var count = 0
        for level in 0..<min(set.levels.count, reference.levels.count) {
            guard let distance = distance(set.levels[level], reference.levels[level], level: level) else { continue }
            sum += distance
            count += 1
        }
        return count > 0 ? 1000 * sum / Double(count) : nil
    }

    private static func distance(_ set: [Float], _ reference: [Float], level: Int) -> Double? {
        let (rows, referenceRows) = (set.count / Descriptors.width, reference.count / Descriptors.width)
        guard rows > 0, referenceRows > 0 else { return nil }
        let scale = Normalization(reference)
        var random = SeededRandom(seed: seed, stream: UInt64(1 << 40 + level))
        let axes = unitColumns(&random)
        let a = projected(scale.applied(to: set), axes), b = projected(scale.applied(to: reference), axes)
        var sum = 0.0
        for direction in 0..<directions {
            sum += quantileDistance(
                a[(direction * rows)..<((direction + 1) * rows)].sorted(),
                b[(direction * referenceRows)..<((direction + 1) * referenceRows)].sorted())
        }
        return sum / Double(directions)
    }

    /// Mean and deviation of each channel over all patches of a set.
    private struct Normalization {
        var mean: [Float] = []
        var factor: [Float] = []

        init(_ values: [Float]) {
            let area = patch * patch
            for channel in 0..<3 {
                var sum = 0.0, squares = 0.0
                for row in stride(from: channel * area, to: values.count, by: Descriptors.width) {
                    for value in values[row..<(row + area)] {
                        sum += Double(value)
                        squares += Double(value) * Double(value)
                    }
                }
                let count = Double(values.count / 3)
                let average = sum / count
                mean.append(Float(average))
                // Below a tenth of an 8-bit step there is no texture whose contrast could be normalised.
                let deviation = max((squares / count - average * average), 0).squareRoot()
                factor.append(Float(1 / max(deviation, 0.1 / 255)))
            }
        }

        func applied(to values: [Float]) -> [Float] {
            let area = patch * patch
            var result = values
            for i in result.indices {
                let channel = i % Descriptors.width / area
                result[i] = (result[i] - mean[channel]) * factor[channel]
            }
            return result
        }
    }

    /// [directions, width], rows of length 1.
    private static func unitColumns(_ random: inout SeededRandom) -> Tensor {
        let axes = random.normalTensor([directions, Descriptors.width])
        for direction in 0..<directions {
            let row = axes.pointer + direction * Descriptors.width
            var squares: Float = 0
            for i in 0..<Descriptors.width { squares += row[i] * row[i] }
            for i in 0..<Descriptors.width { row[i] /= squares.squareRoot() }
        }
        return axes
    }

    /// [directions, patches], row-major.
    private static func projected(_ values: [Float], _ axes: Tensor) -> [Float] {
        let rows = values.count / Descriptors.width
        return MatrixProduct.of(axes, Tensor(values, shape: [rows, Descriptors.width]), transposeB: true).values
    }

    /// `∫₀¹ |F⁻¹(q) - G⁻¹(q)| dq` of two sorted samples, whose numbers may differ.
    static func quantileDistance(_ a: [Float], _ b: [Float]) -> Double {
        var sum = 0.0
        var (i, j) = (0, 0)
        // Places on the common scale of a.count * b.count, so that integers tell which step ends first.
        var position = 0
        while i < a.count && j < b.count {
            let end = min((i + 1) * b.count, (j + 1) * a.count)
            sum += Double(end - position) * Double(abs(a[i] - b[j]))
            position = end
            if end == (i + 1) * b.count { i += 1 }
            if end == (j + 1) * a.count { j += 1 }
        }
        return sum / (Double(a.count) * Double(b.count))
    }
}
