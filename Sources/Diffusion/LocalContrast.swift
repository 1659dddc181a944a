import TensorCore

/// Mean colour and contrast of the known pixels around every patch, also inside of holes.
///
/// The network works in units of it: a wire against the sky is the same to it whether the sky is bright or dim, and
/// in a smooth region whatever it gets wrong is scaled down with the region's contrast.
///
/// Moments of the known pixels of each patch are blurred by boxes of growing radius; wider boxes count less, so that
/// near pixels rule where there are any, and the inside of a large hole takes the moments of its surroundings.
struct LocalContrast {
    /// Mean of R, G and B, [N, 3, h, w] with one value for a patch.
    let mean: Tensor
    /// Standard deviation over the three channels together, never below the floor, [N, 1, h, w].
    let scale: Tensor

    /// Half widths of the boxes, in pixels, and how much less each counts than the one before.
    static let radii = [16, 36, 76, 156, 316]
    static let decay: Float = 0.05

    /// - Parameters:
    ///   - pixels: [N, 3, H, W]; what lies under the mask is not looked at.
    ///   - mask: [N, 1, H, W], 1 in the hole.
    ///   - patch: side of a patch, which divides H and W.
    ///   - floor: the least contrast, in units of the pixels.
    init(pixels: Tensor, mask: Tensor, patch: Int, floor: Float) {
        let batch = pixels.shape[0], height = pixels.shape[2] / patch, width = pixels.shape[3] / patch
        let cells = height * width
        mean = Tensor(uninitialized: [batch, 3, height, width])
        scale = Tensor(uninitialized: [batch, 1, height, width])
        for n in 0..<batch {
            let moments = Self.moments(pixels, mask, image: n, patch: patch, height: height, width: width)
            var total = [Float](repeating: 0, count: Self.planes * cells)
            var weight: Float = 1
            for radius in Self.radii {
                let blurred = Self.blurred(moments, radius: max(1, radius / patch), height: height, width: width)
                for i in total.indices { total[i] += weight * blurred[i] }
                weight *= Self.decay
            }
            for cell in 0..<cells {
                // Nothing known within reach: the middle grey, at full contrast.
                let count = total[cell]
                var variance: Float = 0
                for channel in 0..<3 {
                    let m = count > 0 ? total[(1 + channel) * cells + cell] / count : 0.5
                    mean.pointer[(n * 3 + channel) * cells + cell] = m
                    variance += count > 0 ? max(total[(4 + channel) * cells + cell] / count - m * m, 0) : 0.25
                }
                scale.pointer[n * cells + cell] = (variance / 3 + floor * floor).squareRoot()
            }
        }
    }

    /// Number of known pixels, their sums by channel, their sums of squares by channel.
    private static let planes = 7

    private static func moments(
        _ pixels: Tensor, _ mask: Tensor, image: Int, patch: Int, height: Int, width: Int
    ) -> [Float] {
        let cells = height * width, side = width * patch, plane = cells * patch * patch
        var result = [Float](repeating: 0, count: planes * cells)
        for y in 0..<(height * patch) {
            for x in 0..<side where mask.pointer[image * plane + y * side + x] < 0.5 {
                let cell = y / patch * width + x / patch
                result[cell] += 1
                for channel in 0..<3 {
                    let value = pixels.pointer[(image * 3 + channel) * plane + y * side + x]
                    result[(1 + channel) * cells + cell] += value
                    result[(4 + channel) * cells + cell] += value * value
                }
            }
        }
        return result
    }

    /// Two passes of a box of `2 radius + 1` cells along both axes, zero outside; scaled so that radii compare.
    private static func blurred(_ x: [Float], radius: Int, height: Int, width: Int) -> [Float] {
        var result = x
        let share = 1 / Float(2 * radius + 1)
        for _ in 0..<2 {
            for plane in 0..<planes {
                for row in 0..<height {
                    box(&result, first: (plane * height + row) * width, count: width, stride: 1, radius, share)
                }
                for column in 0..<width {
                    box(
                        &result, first: plane * height * width + column, count: height, stride: width, radius, share)
                }
            }
        }
        return result
    }

    private static func box(
        _ x: inout [Float], first: Int, count: Int, stride: Int, _ radius: Int, _ share: Float
    ) {
        let line = (0..<count).map { x[first + $0 * stride] }
        // Summed in double, so that a running sum over a long line keeps its small terms.
        var sum = line.prefix(radius).reduce(0.0) { $0 + Double($1) }
        for i in 0..<count {
            if i + radius < count { sum += Double(line[i + radius]) }
            if i - radius - 1 >= 0 { sum -= Double(line[i - radius - 1]) }
            x[first + i * stride] = Float(max(sum, 0)) * share
        }
    }
}
