/// The signed distances of a shape over the part of the picture that it can touch.
struct Stencil {
    var minX: Int
    var minY: Int
    let width: Int
    let height: Int
    var distances: [Float]

    var isEmpty: Bool { width == 0 || height == 0 }

    /// The rows that lie in a picture of the given height; empty where there are none.
    func rows(within pictureHeight: Int) -> Range<Int> {
        let first = min(max(minY, 0), pictureHeight)
        return first..<max(min(minY + height, pictureHeight), first)
    }

    /// The columns that lie in a picture of the given width; empty where there are none.
    func columns(within pictureWidth: Int) -> Range<Int> {
        let first = min(max(minX, 0), pictureWidth)
        return first..<max(min(minX + width, pictureWidth), first)
    }

    /// - Parameters:
    ///   - margin: pixels to add around the shape, for soft edges and shadows.
    ///   - size: of the picture; the stencil also covers `margin` pixels outside of it, so that shadows may move in.
    init<S: Shape>(_ shape: S, margin: Float = 2, width pictureWidth: Int, height pictureHeight: Int) {
        let extent = shape.extent
        let reach = Int(margin) + 1
        let x0 = max(Int(max(extent.minX, -4000)) - reach, -reach)
        let y0 = max(Int(max(extent.minY, -4000)) - reach, -reach)
        let x1 = min(Int(min(extent.maxX, 9000)) + 1 + reach, pictureWidth + reach)
        let y1 = min(Int(min(extent.maxY, 9000)) + 1 + reach, pictureHeight + reach)
        minX = x0
        minY = y0
        let width = max(x1 - x0, 0)
        let height = max(y1 - y0, 0)
        self.width = width
        self.height = height
        distances = [Float](unsafeUninitializedCapacity: width * height) { buffer, count in
            for y in 0..<height {
                for x in 0..<width {
                    // Initializes each element once; the element is trivial.
                    buffer[y * width + x] = shape.distance(Float(x0 + x) + 0.5, Float(y0 + y) + 0.5)
                }
            }
            count = width * height
        }
    }

    /// The whole picture, inside everywhere.
    init(width: Int, height: Int) {
        minX = 0
        minY = 0
        self.width = width
        self.height = height
        distances = [Float](repeating: -1e4, count: width * height)
    }

    /// Roughens the edge by noise: torn, eroded or hairy outlines.
    mutating func roughen(_ noise: LatticeNoise, amplitude: Float, scale: Float) {
        let step = 1 / scale
        let (x0, y0, width) = (minX, minY, width)
        distances.withUnsafeMutableBufferPointer { distances in
            for index in 0..<distances.count where abs(distances[index]) < 2 * amplitude + 2 {
                let u = Float(index % width + x0) * step
                let v = Float(index / width + y0) * step
                distances[index] += amplitude * noise.fractal(u, v, footprint: step, octaves: 4, gain: 0.6)
            }
        }
    }

    /// Keeps only what is inside of `other` too.
    mutating func clip(to other: Stencil) {
        for y in 0..<height {
            let oy = y + minY - other.minY
            for x in 0..<width {
                let ox = x + minX - other.minX
                let outside = oy < 0 || oy >= other.height || ox < 0 || ox >= other.width
                let limit = outside ? 1e4 : other.distances[oy * other.width + ox]
                distances[y * width + x] = max(distances[y * width + x], limit)
            }
        }
    }
}
