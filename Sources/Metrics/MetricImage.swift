/// A picture to be measured: planar RGB `[3, height, width]`, 0...1.
public struct MetricImage: Sendable, Equatable {
    public static let channels = 3
    public let width: Int
    public let height: Int
    public let values: [Float]

    /// - Parameters:
    ///   - width: in pixels.
    ///   - height: in pixels.
    ///   - values: planar, `3 * width * height` of them.
    public init(width: Int, height: Int, values: [Float]) {
        precondition(
            width > 0 && height > 0 && values.count == Self.channels * width * height,
            "Metrics: \(values.count) values for \(width)x\(height) RGB")
        self.width = width
        self.height = height
        self.values = values
    }

    /// From RGB bytes, interleaved, without padding.
    public init(width: Int, height: Int, rgb: [UInt8]) {
        precondition(
            rgb.count == Self.channels * width * height, "Metrics: \(rgb.count) bytes for \(width)x\(height) RGB")
        let plane = width * height
        var values = [Float](repeating: 0, count: rgb.count)
        for channel in 0..<Self.channels {
            for pixel in 0..<plane { values[channel * plane + pixel] = Float(rgb[pixel * 3 + channel]) / 255 }
        }
        self.init(width: width, height: height, values: values)
    }

    /// One channel, `[height, width]`.
    func plane(_ channel: Int) -> [Float] {
        Array(values[(channel * width * height)..<((channel + 1) * width * height)])
    }

    /// As an 8-bit file keeps it.
    public var rounded: MetricImage { MetricImage(width: width, height: height, values: rounded8Bit(values)) }

    func hasSize(of other: MetricImage) -> Bool { width == other.width && height == other.height }
}
