/// Linear light, red, green, blue and coverage; colours are multiplied by the coverage.
typealias Pixel = SIMD4<Float>

extension Pixel {
    /// An opaque colour in linear light.
    @inline(__always)
    init(red: Float, green: Float, blue: Float) {
        self.init(red, green, blue, 1)
    }

    /// This colour with its light scaled, coverage kept.
    @inline(__always)
    func lit(_ factor: Float) -> Pixel {
        self * Pixel(factor, factor, factor, 1)
    }

    @inline(__always)
    func mixed(with other: Pixel, _ t: Float) -> Pixel {
        self + (other - self) * t
    }

    /// Rec. 709 luminance.
    var luminance: Float { 0.2126 * x + 0.7152 * y + 0.0722 * z }
}

/// A picture in the making, or one depth layer of it: row-major, no padding.
struct Layer {
    let width: Int
    let height: Int
    var pixels: [Pixel]
    /// What each pixel shows, as raw values of `SceneContent`; empty in a layer that does not keep it.
    var labels: [UInt8] = []

    init(width: Int, height: Int, fill: Pixel = .zero) {
        self.width = width
        self.height = height
        pixels = [Pixel](repeating: fill, count: width * height)
    }

    /// Calls all of it by one name.
    mutating func label(_ content: SceneContent) {
        for index in labels.indices { labels[index] = content.rawValue }
    }

    /// Puts `top`, of the same size, in front of this layer.
    mutating func put(_ top: Layer) {
        pixels.withUnsafeMutableBufferPointer { below in
            top.pixels.withUnsafeBufferPointer { above in
                for index in 0..<min(below.count, above.count) {
                    below[index] = above[index] + below[index] * (1 - above[index].w)
                }
            }
        }
    }

    /// Blurs by about a Gaussian of `sigma` pixels: three box filters, or three taps where it is small.
    mutating func blur(sigma: Float) {
        if sigma < 0.1 { return }
        if sigma < 0.65 {
            var spare = pixels
            tap(sigma: sigma, spare: &spare)
            return
        }
        let radius = ((4 * sigma * sigma + 1).squareRoot() - 1) / 2
        var spare = pixels
        for _ in 0..<3 { box(radius: radius, spare: &spare) }
    }

    /// One box filter in both directions: the look of a disc of confusion, at a low price.
    mutating func box(radius: Float) {
        var spare = pixels
        box(radius: radius, spare: &spare)
    }

    private mutating func tap(sigma: Float, spare: inout [Pixel]) {
        let side = sigma * sigma / 2
        let centre = 1 - 2 * side
        let width = width
        let height = height
        pixels.withUnsafeMutableBufferPointer { image in
            spare.withUnsafeMutableBufferPointer { temporary in
                for y in 0..<height {
                    let row = y * width
                    for x in 0..<width {
                        let left = image[row + max(x - 1, 0)]
                        let right = image[row + min(x + 1, width - 1)]
                        temporary[row + x] = image[row + x] * centre + (left + right) * side
                    }
                }
                for y in 0..<height {
                    let row = y * width
                    let up = max(y - 1, 0) * width
                    let down = min(y + 1, height - 1) * width
                    for x in 0..<width {
                        image[row + x] = temporary[row + x] * centre + (temporary[up + x] + temporary[down + x]) * side
                    }
                }
            }
        }
    }

    /// Running sums; the outermost taps carry the fraction of `radius`. Borders repeat.
    private mutating func box(radius: Float, spare: inout [Pixel]) {
        let whole = Int(radius)
        let part = radius - Float(whole)
        let scale = 1 / (2 * radius + 1)
        let width = width
        let height = height
        var columns = [Pixel](repeating: .zero, count: width)
        pixels.withUnsafeMutableBufferPointer { image in
            spare.withUnsafeMutableBufferPointer { temporary in
                for y in 0..<height {
                    let row = y * width
                    var sum = Pixel.zero
                    for x in -whole...whole { sum += image[row + min(max(x, 0), width - 1)] }
                    for x in 0..<width {
                        let before = image[row + max(x - whole - 1, 0)]
                        let after = image[row + min(x + whole + 1, width - 1)]
                        temporary[row + x] = (sum + (before + after) * part) * scale
                        sum += after - image[row + max(x - whole, 0)]
                    }
                }
                columns.withUnsafeMutableBufferPointer { sums in
                    for y in -whole...whole {
                        let row = min(max(y, 0), height - 1) * width
                        for x in 0..<width { sums[x] += temporary[row + x] }
                    }
                    for y in 0..<height {
                        let row = y * width
                        let before = max(y - whole - 1, 0) * width
                        let after = min(y + whole + 1, height - 1) * width
                        let leaving = max(y - whole, 0) * width
                        for x in 0..<width {
                            let next = temporary[after + x]
                            image[row + x] = (sums[x] + (temporary[before + x] + next) * part) * scale
                            sums[x] += next - temporary[leaving + x]
                        }
                    }
                }
            }
        }
    }
}
