/// What lies under the hole of a crop, by the labels of its scene.
public struct HoleContent: Sendable, Equatable {
    /// A content and the share of the hole's pixels that show it.
    public struct Part: Sendable, Equatable {
        public let content: SceneContent
        public let share: Float
        /// Mean sRGB under the hole, 0...1.
        public let colour: SIMD3<Float>
    }

    /// The named contents under the hole, the largest first. Shares are of all pixels of the hole, so they add up to
    /// less than 1 where something has no name.
    public let parts: [Part]

    /// The content that covers most of the hole; nil where nothing in it has a name.
    public var dominant: Part? { parts.first }

    /// - Parameters:
    ///   - labels: [size, size], raw values of `SceneContent`.
    ///   - pixels: planar RGB [3, size, size].
    ///   - mask: [size, size], 255 in the hole.
    package init(labels: [UInt8], pixels: [Float], mask: [UInt8]) {
        let plane = labels.count
        precondition(
            pixels.count == 3 * plane && mask.count == plane,
            "Distillation: \(plane) labels, \(pixels.count) values, mask of \(mask.count)")
        var counts = [Int](repeating: 0, count: 256), sums = [SIMD3<Float>](repeating: .zero, count: 256)
        var area = 0
        for i in 0..<plane where mask[i] >= 128 {
            area += 1
            counts[Int(labels[i])] += 1
            sums[Int(labels[i])] += SIMD3(pixels[i], pixels[plane + i], pixels[2 * plane + i])
        }
        parts = SceneContent.allCases.filter { $0 != .unnamed && counts[Int($0.rawValue)] > 0 }.map { content in
            let code = Int(content.rawValue), count = Float(counts[code])
            return Part(content: content, share: count / Float(area), colour: sums[code] / count)
        }.sorted { ($0.share, $1.content.rawValue) > ($1.share, $0.content.rawValue) }
    }
}
