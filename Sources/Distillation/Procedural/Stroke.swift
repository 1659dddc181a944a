/// A line of varying thickness through points: wires, stems, branches, hair, letters.
struct Stroke {
    /// x, y and half the thickness at each point, in pixels.
    var points: [SIMD3<Float>]

    /// A straight line.
    init(from: SIMD2<Float>, to: SIMD2<Float>, radius: Float, endRadius: Float? = nil) {
        points = [SIMD3(from.x, from.y, radius), SIMD3(to.x, to.y, endRadius ?? radius)]
    }

    init(points: [SIMD3<Float>]) {
        self.points = points
    }

    /// A quadratic curve from `from` to `to`, pulled towards `over`.
    init(from: SIMD2<Float>, over: SIMD2<Float>, to: SIMD2<Float>, radius: Float, endRadius: Float? = nil) {
        let span = abs(to.x - from.x) + abs(to.y - from.y) + abs(over.x - from.x) + abs(over.y - from.y)
        let count = min(max(Int(span / 8), 4), 60)
        points = (0...count).map { step in
            let t = Float(step) / Float(count)
            let a = from + (over - from) * t
            let b = over + (to - over) * t
            let p = a + (b - a) * t
            return SIMD3(p.x, p.y, PortableMath.mix(radius, endRadius ?? radius, t))
        }
    }

    /// A line that wanders: its direction drifts with the given curvature (radians per pixel) and restlessness.
    init(
        wandering random: inout SeededGenerator, from: SIMD2<Float>, angle: Float, length: Float, radius: Float,
        endRadius: Float, curvature: Float, restlessness: Float
    ) {
        let step = max(length / 48, 2)
        var heading = angle
        var bend = curvature * random.uniform(-1...1)
        var at = from
        var result = [SIMD3(at.x, at.y, radius)]
        var done: Float = 0
        while done < length {
            heading += bend * step + restlessness * random.normal()
            bend += curvature * 0.15 * random.normal()
            at += SIMD2(PortableMath.cos(heading), PortableMath.sin(heading)) * step
            done += step
            let t = min(done / length, 1)
            result.append(SIMD3(at.x, at.y, PortableMath.mix(radius, endRadius, t)))
        }
        points = result
    }

    /// The direction of the line at its point of the given index.
    func heading(at index: Int) -> Float {
        let a = points[max(index - 1, 0)]
        let b = points[min(index + 1, points.count - 1)]
        return PortableMath.atan2(b.y - a.y, b.x - a.x)
    }
}

extension Stencil {
    /// The union of strokes, as distances in pixels; far away from all of them the distance is just large.
    init(_ strokes: [Stroke], margin: Float = 2, width pictureWidth: Int, height pictureHeight: Int) {
        var low = SIMD2<Float>(repeating: 1e6)
        var high = SIMD2<Float>(repeating: -1e6)
        for stroke in strokes {
            for p in stroke.points {
                low = SIMD2(min(low.x, p.x - p.z), min(low.y, p.y - p.z))
                high = SIMD2(max(high.x, p.x + p.z), max(high.y, p.y + p.z))
            }
        }
        let reach = Int(margin) + 1
        let x0 = max(Int(max(low.x, -4000)) - reach, -reach)
        let y0 = max(Int(max(low.y, -4000)) - reach, -reach)
        let x1 = min(Int(min(high.x, 9000)) + 1 + reach, pictureWidth + reach)
        let y1 = min(Int(min(high.y, 9000)) + 1 + reach, pictureHeight + reach)
        let width = max(x1 - x0, 0)
        let height = max(y1 - y0, 0)
        var field = [Float](repeating: 1e4, count: width * height)
        field.withUnsafeMutableBufferPointer { field in
            for stroke in strokes {
                for index in 1..<max(stroke.points.count, 1) {
                    let a = stroke.points[index - 1]
                    let b = stroke.points[index]
                    let far = max(a.z, b.z) + margin + 1
                    let left = max(Int(max(min(a.x, b.x) - far, -4000)), x0)
                    let right = min(Int(min(max(a.x, b.x) + far, 9000)) + 1, x1)
                    let top = max(Int(max(min(a.y, b.y) - far, -4000)), y0)
                    let bottom = min(Int(min(max(a.y, b.y) + far, 9000)) + 1, y1)
                    if left >= right || top >= bottom { continue }
                    let ex = b.x - a.x
                    let ey = b.y - a.y
                    let square = max(ex * ex + ey * ey, 1e-6)
                    for y in top..<bottom {
                        let wy = Float(y) + 0.5 - a.y
                        for x in left..<right {
                            let wx = Float(x) + 0.5 - a.x
                            let t = PortableMath.clamp((wx * ex + wy * ey) / square)
                            let dx = wx - ex * t
                            let dy = wy - ey * t
                            let d = (dx * dx + dy * dy).squareRoot() - a.z - (b.z - a.z) * t
                            let at = (y - y0) * width + x - x0
                            if d < field[at] { field[at] = d }
                        }
                    }
                }
            }
        }
        self.init(minX: x0, minY: y0, width: width, height: height, distances: field)
    }

    init(minX: Int, minY: Int, width: Int, height: Int, distances: [Float]) {
        self.minX = minX
        self.minY = minY
        self.width = width
        self.height = height
        self.distances = distances
    }
}
