import Layers

/// A picture to cut training crops from.
public struct TrainingPhoto: Sendable {
    public let width: Int
    public let height: Int
    /// sRGB, RGB interleaved, no padding: `3 * width * height` bytes.
    public let pixels: [UInt8]
    /// What it shows; empty where nobody wrote it down.
    public let caption: String
    /// What each place shows; nil where nobody knows.
    var contents: ContentMap?

    public init(width: Int, height: Int, pixels: [UInt8], caption: String = "") {
        precondition(
            width > 0 && height > 0 && pixels.count == 3 * width * height,
            "Distillation: \(pixels.count) bytes for \(width)x\(height) RGB")
        self.width = width
        self.height = height
        self.pixels = pixels
        self.caption = caption
    }

    /// A scene with what it knows of itself.
    package init(_ scene: SyntheticScene) {
        self.init(width: scene.width, height: scene.height, pixels: scene.pixels, caption: scene.caption)
        contents = ContentMap(scene.labels, width: scene.width, height: scene.height)
    }

    /// The square of `side` pixels in the middle.
    func middle(_ side: Int) -> TrainingPhoto {
        precondition(side <= min(width, height), "Distillation: \(side) pixels of \(width)x\(height)")
        let (left, top) = ((width - side) / 2, (height - side) / 2)
        var result: [UInt8] = []
        result.reserveCapacity(3 * side * side)
        for y in top..<(top + side) {
            let from = 3 * (y * width + left)
            result += pixels[from..<(from + 3 * side)]
        }
        return TrainingPhoto(width: side, height: side, pixels: result, caption: caption)
    }

    /// The same picture with a longer side of at most `limit` pixels: each pixel the mean of those that it covers.
    public func scaledDown(toLongerSide limit: Int) -> TrainingPhoto {
        guard max(width, height) > limit else { return self }
        let longer = max(width, height)
        let columns = max(width * limit / longer, 1), rows = max(height * limit / longer, 1)
        var result = [UInt8](repeating: 0, count: 3 * columns * rows)
        for y in 0..<rows {
            let fromY = y * height / rows, toY = max((y + 1) * height / rows, fromY + 1)
            for x in 0..<columns {
                let fromX = x * width / columns, toX = max((x + 1) * width / columns, fromX + 1)
                var sums = SIMD3<Int>.zero
                for v in fromY..<toY {
                    for u in fromX..<toX {
                        let i = (v * width + u) * 3
                        sums &+= SIMD3(Int(pixels[i]), Int(pixels[i + 1]), Int(pixels[i + 2]))
                    }
                }
                let area = (toY - fromY) * (toX - fromX)
                for channel in 0..<3 {
                    result[(y * columns + x) * 3 + channel] = UInt8((sums[channel] + area / 2) / area)
                }
            }
        }
        return TrainingPhoto(width: columns, height: rows, pixels: result, caption: caption)
    }

    package enum Kind {
        /// Drawn: any side may be up, any light may fall.
        case scene
        /// Taken: up is up, and its colours are what is to be learnt.
        case photo
    }

    /// Whether a crop of this size can be cut.
    func hasRoom(for size: Int) -> Bool { min(width, height) >= size }

    /// A crop of random place and scale, and by its kind of random flips, quarter turns, exposure and tint.
    package func crop(size: Int, as kind: Kind, _ random: inout SeededRandom) -> TrainingCrop {
        // Pictures are larger than crops: seen at a half or a quarter of their scale they are as sharp and as
        // crowded as photos that were scaled down.
        let scales = [1, 2, 2, 4].filter { hasRoom(for: size * $0) }
        let scale = scales[Int(random.next() % UInt64(scales.count))]
        let span = size * scale
        let left = Int(random.next() % UInt64(width - span + 1)), top = Int(random.next() % UInt64(height - span + 1))
        var turn = random.next()
        var tint: [Float] = [1, 1, 1], lift: Float = 0
        switch kind {
        case .scene:
            let exposure = 0.75 + 0.5 * random.uniform()
            tint = (0..<3).map { _ in exposure * (0.92 + 0.16 * random.uniform()) }
            lift = 0.08 * random.uniform() - 0.04
        case .photo: turn &= 1
        }
        var result = [Float](repeating: 0, count: 3 * size * size)
        var labels = contents.map { _ in [UInt8](repeating: 0, count: size * size) }
        let norm = 1 / (255 * Float(scale * scale))
        pixels.withUnsafeBufferPointer { pixels in
            result.withUnsafeMutableBufferPointer { result in
                for y in 0..<size {
                    for x in 0..<size {
                        var (u, v) = turn & 4 == 0 ? (x, y) : (y, x)
                        if turn & 1 != 0 { u = size - 1 - u }
                        if turn & 2 != 0 { v = size - 1 - v }
                        if let contents {
                            labels?[y * size + x] = contents.label(
                                x: left + u * scale + scale / 2, y: top + v * scale + scale / 2)
                        }
                        for channel in 0..<3 {
                            var sum = 0
                            for dy in 0..<scale {
                                for dx in 0..<scale {
                                    let row = top + v * scale + dy, column = left + u * scale + dx
                                    sum += Int(pixels[(row * width + column) * 3 + channel])
                                }
                            }
                            let value = Float(sum) * norm * tint[channel] + lift
                            result[(channel * size + y) * size + x] = (min(max(value, 0), 1) * 255).rounded() / 255
                        }
                    }
                }
            }
        }
        return TrainingCrop(size: size, pixels: result, labels: labels, caption: caption)
    }
}
