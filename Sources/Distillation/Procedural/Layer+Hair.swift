extension Layer {
    /// Paints one thin, tapering, curved line straight into the layer: hair, needles, blades by the thousand.
    ///
    /// - Parameters:
    ///   - radius: half the thickness at the root, in pixels; the tip is a quarter of it.
    ///   - color: opaque, linear.
    ///   - content: what to call the pixels that it mostly covers; nil to leave their names.
    mutating func hair(
        from: SIMD2<Float>, over: SIMD2<Float>, to: SIMD2<Float>, radius: Float, color: Pixel, tip: Pixel,
        opacity: Float, as content: SceneContent? = nil
    ) {
        var previous = from
        let steps = 4
        let (width, height) = (width, height)
        let name = labels.isEmpty ? nil : content?.rawValue
        // Taken out while the pixels are borrowed; put back at the end.
        var labels: [UInt8] = []
        swap(&labels, &self.labels)
        defer { swap(&labels, &self.labels) }
        pixels.withUnsafeMutableBufferPointer { image in
            for step in 1...steps {
                let t = Float(step) / Float(steps)
                let a = from + (over - from) * t
                let next = a + ((over + (to - over) * t) - a) * t
                let middle = t - 0.5 / Float(steps)
                let thickness = radius * (1 - 0.75 * middle)
                let reach = max(thickness, 0.5) + 0.6
                // Thinner than a pixel: keep a pixel's width and lower the coverage.
                let thin = min(thickness / 0.5, 1)
                let alpha = opacity * thin
                let ink = color.mixed(with: tip, middle)
                let edge = max(thickness, 0.5) + 0.5
                let low = SIMD2(min(previous.x, next.x) - reach, min(previous.y, next.y) - reach)
                let high = SIMD2(max(previous.x, next.x) + reach, max(previous.y, next.y) + reach)
                let (e, w0) = (next - previous, previous)
                previous = next
                if high.x < 0 || high.y < 0 || low.x >= Float(width) || low.y >= Float(height) { continue }
                let square = max(e.x * e.x + e.y * e.y, 1e-6)
                for y in Int(max(low.y, 0))..<min(Int(high.y) + 1, height) {
                    let wy = Float(y) + 0.5 - w0.y
                    for x in Int(max(low.x, 0))..<min(Int(high.x) + 1, width) {
                        let wx = Float(x) + 0.5 - w0.x
                        let raw = (wx * e.x + wy * e.y) / square
                        // Inner joints would be painted twice: each segment takes only what lies beside it.
                        if raw < 0 || raw > 1 { continue }
                        let dx = wx - e.x * raw
                        let dy = wy - e.y * raw
                        let cover = PortableMath.clamp(edge - (dx * dx + dy * dy).squareRoot()) * alpha
                        if cover > 0 {
                            let index = y * width + x
                            image[index] += (ink - image[index]) * cover
                            if let name, cover > 0.5 { labels[index] = name }
                        }
                    }
                }
            }
        }
    }
}
