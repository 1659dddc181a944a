import Foundation

/// The structural similarity index of Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility
/// to structural similarity" (2004): Gaussian window of 11x11, sigma 1.5, K1 = 0.01, K2 = 0.03, peak 1.
///
/// The same numbers as scikit-image's `structural_similarity(..., gaussian_weights=True, sigma=1.5,
/// use_sample_covariance=False, data_range=1, full=True)`: pictures go on mirrored beyond their border.
public enum StructuralSimilarity {
    private static let radius = 5
    private static let sigma = 1.5
    private static let c1 = 0.01 * 0.01
    private static let c2 = 0.03 * 0.03

    private static let window: [Double] = {
        let weights = (-radius...radius).map { exp(-Double($0 * $0) / (2 * sigma * sigma)) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }()

    /// The index averaged over the pixels of the hole and all channels; nil without hole.
    ///
    /// - Parameters:
    ///   - fill: planar `[channels, height, width]`, 0...1.
    ///   - truth: the same of the true picture.
    ///   - mask: `[height, width]`, 255 (128 and up) = hole.
    ///   - width: in pixels.
    ///   - height: in pixels.
    public static func overHole(fill: [Float], truth: [Float], mask: [UInt8], width: Int, height: Int) -> Double? {
        let plane = width * height
        precondition(
            plane > 0 && mask.count == plane && fill.count == truth.count && fill.count % plane == 0,
            "shapes do not match")
        var sum = 0.0
        var count = 0
        for channel in 0..<(fill.count / plane) {
            let range = (channel * plane)..<((channel + 1) * plane)
            let map = map(Array(fill[range]), Array(truth[range]), width: width, height: height)
            for pixel in 0..<plane where mask[pixel] >= 128 {
                sum += map[pixel]
                count += 1
            }
        }
        return count > 0 ? sum / Double(count) : nil
    }

    /// The index averaged over the whole picture and all channels, without the 5 pixels along each border whose window
    /// does not lie inside: scikit-image's own mean with the settings above. Nil where nothing is left.
    ///
    /// - Parameters:
    ///   - fill: planar `[channels, height, width]`, 0...1.
    ///   - truth: the same of the true picture.
    ///   - width: in pixels.
    ///   - height: in pixels.
    public static func overImage(fill: [Float], truth: [Float], width: Int, height: Int) -> Double? {
        let plane = width * height
        precondition(
            plane > 0 && fill.count == truth.count && fill.count % plane == 0, "shapes do not match")
        guard min(width, height) > 2 * radius else { return nil }
        var sum = 0.0
        for channel in 0..<(fill.count / plane) {
            let range = (channel * plane)..<((channel + 1) * plane)
            let map = map(Array(fill[range]), Array(truth[range]), width: width, height: height)
            for y in radius..<(height - radius) {
                for x in radius..<(width - radius) { sum += map[y * width + x] }
            }
        }
        return sum / Double((fill.count / plane) * (width - 2 * radius) * (height - 2 * radius))
    }

    /// The index of every pixel of one channel, `[height, width]`.
    public static func map(_ a: [Float], _ b: [Float], width: Int, height: Int) -> [Double] {
        precondition(a.count == width * height && b.count == a.count, "shapes do not match")
        let a = a.map(Double.init)
        let b = b.map(Double.init)
        func blurred(_ values: [Double]) -> [Double] { blur(values, width: width, height: height) }
        let meanA = blurred(a)
        let meanB = blurred(b)
        let squareA = blurred(a.map { $0 * $0 })
        let squareB = blurred(b.map { $0 * $0 })
        let product = blurred(zip(a, b).map { $0 * $1 })
        return (0..<a.count).map { i in
            let (x, y) = (meanA[i], meanB[i])
            let varianceA = squareA[i] - x * x
            let varianceB = squareB[i] - y * y
            let covariance = product[i] - x * y
            return (2 * x * y + c1) * (2 * covariance + c2) / ((x * x + y * y + c1) * (varianceA + varianceB + c2))
        }
    }

    private static func blur(_ values: [Double], width: Int, height: Int) -> [Double] {
        func mirrored(_ index: Int, _ count: Int) -> Int {
            let period = 2 * count
            let position = ((index % period) + period) % period
            return position < count ? position : period - 1 - position
        }
        var rows = [Double](repeating: 0, count: values.count)
        let columnsOf = (0..<width).map { x in (-radius...radius).map { mirrored(x + $0, width) } }
        for y in 0..<height {
            for x in 0..<width {
                var sum = 0.0
                for (weight, column) in zip(window, columnsOf[x]) { sum += weight * values[y * width + column] }
                rows[y * width + x] = sum
            }
        }
        var result = [Double](repeating: 0, count: values.count)
        for y in 0..<height {
            for offset in -radius...radius {
                let row = mirrored(y + offset, height) * width
                let weight = window[offset + radius]
                for x in 0..<width { result[y * width + x] += weight * rows[row + x] }
            }
        }
        return result
    }
}
