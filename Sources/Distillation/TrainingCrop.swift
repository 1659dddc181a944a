import Metrics

/// A square that was cut from a picture, before it gets a hole.
package struct TrainingCrop: Sendable {
    package let size: Int
    /// Planar RGB [3, size, size] in 0...1, quantised to 8 bits as photos are.
    package var pixels: [Float]
    /// What each pixel shows, [size, size], raw values of `SceneContent`; nil where nobody knows.
    package var labels: [UInt8]?
    /// What the whole picture shows; empty where nobody wrote it down.
    var caption: String

    /// Whether neighbours two pixels apart differ by less than 1.5 % of the range on average.
    var isFlat: Bool {
        var sum: Float = 0
        for y in 0..<(size - 2) {
            let row = (size + y) * size
            for x in 0..<(size - 2) {
                sum += abs(pixels[row + x] - pixels[row + x + 2]) + abs(pixels[row + x] - pixels[row + x + 2 * size])
            }
        }
        return sum < 0.03 * Float(size - 2) * Float(size - 2)
    }

    /// This crop with another one shown in its hole: what is deeper than `inset` pixels, with an edge of `softness`
    /// pixels.
    /// - Parameter depth: how deep in the hole each pixel lies, 0 outside, see `HoleDepth`.
    func showing(_ other: TrainingCrop, depth: [Int], inset: Float, softness: Float) -> TrainingCrop {
        precondition(
            other.size == size && depth.count == size * size,
            "Distillation: a crop of \(other.size) and \(depth.count) depths for a crop of \(size)")
        var result = self
        let plane = size * size
        for i in 0..<plane where depth[i] > 0 {
            let share = min(max((Float(depth[i]) - inset) / softness, 0), 1)
            guard share > 0 else { continue }
            for j in stride(from: i, to: 3 * plane, by: plane) {
                let mixed = pixels[j] + share * (other.pixels[j] - pixels[j])
                result.pixels[j] = (mixed * 255).rounded() / 255
            }
            if share > 0.5, let label = other.labels?[i] { result.labels?[i] = label }
        }
        return result
    }

    /// This crop in tones that a network can reach which works in units of the contrast around a hole: moved towards the
    /// other one's mean and made paler until it differs by no more than `reach` of them. Not nearer: what is toned until
    /// it fits is known from its surroundings, and captions go unread.
    /// - Parameter isKnown: which pixels of `surroundings` count.
    func toned(into surroundings: TrainingCrop, isKnown: (Int) -> Bool) -> TrainingCrop {
        let own = tone { _ in true }, other = surroundings.tone(isKnown), plane = size * size
        let offset = own.mean - other.mean
        let distance = (offset * offset).sum().squareRoot()
        let reach = Self.reach * max(other.deviation, Self.leastDeviation)
        let kept = min(1, reach / max(distance, 1e-6)), contrast = min(1, reach / max(own.deviation, 1e-6))
        var result = self
        for channel in 0..<3 {
            let mean = other.mean[channel] + kept * offset[channel]
            for i in (channel * plane)..<((channel + 1) * plane) {
                result.pixels[i] = mean + contrast * (pixels[i] - own.mean[channel])
            }
        }
        result.pixels = rounded8Bit(result.pixels)
        return result
    }

    /// This crop with its colours turned around the gray axis.
    /// - Parameters:
    ///   - hue: radians.
    ///   - saturation: what the distance from that axis is multiplied by.
    package func turned(hue: Float, saturation: Float = 1) -> TrainingCrop {
        // Rodrigues' rotation around (1, 1, 1) / √3.
        let c = PortableMath.cos(hue), s = PortableMath.sin(hue) / Float(3).squareRoot()
        let gray = (1 - saturation * c) / 3
        let same = saturation * c + gray, next = gray - saturation * s, last = gray + saturation * s
        var result = self
        let plane = size * size
        for i in 0..<plane {
            let (r, g, b) = (pixels[i], pixels[plane + i], pixels[2 * plane + i])
            result.pixels[i] = same * r + next * g + last * b
            result.pixels[plane + i] = last * r + same * g + next * b
            result.pixels[2 * plane + i] = next * r + last * g + same * b
        }
        result.pixels = rounded8Bit(result.pixels)
        return result
    }

    /// How far, in deviations of the surroundings, another material may lie from them, and vary.
    private static let reach: Float = 8
    private static let leastDeviation: Float = 0.05

    /// Mean colour of some pixels, and the root of the mean of their channels' variances.
    private func tone(_ isCounted: (Int) -> Bool) -> (mean: SIMD3<Float>, deviation: Float) {
        var sum = SIMD3<Float>.zero, squares = SIMD3<Float>.zero, count: Float = 0
        let plane = size * size
        for i in 0..<plane where isCounted(i) {
            let colour = SIMD3(pixels[i], pixels[plane + i], pixels[2 * plane + i])
            sum += colour
            squares += colour * colour
            count += 1
        }
        let mean = sum / max(count, 1), variance = squares / max(count, 1) - mean * mean
        return (mean, max(variance.sum() / 3, 0).squareRoot())
    }
}
