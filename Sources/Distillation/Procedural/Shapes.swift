/// A plane figure by its signed distance in pixels: negative inside, zero on the edge. Approximate away from the edge.
protocol Shape {
    /// The smallest and largest coordinates that can be inside.
    var extent: (minX: Float, minY: Float, maxX: Float, maxY: Float) { get }
    func distance(_ x: Float, _ y: Float) -> Float
}

struct Ellipse: Shape {
    var x: Float
    var y: Float
    var radiusX: Float
    var radiusY: Float
    var angle: Float = 0

    var extent: (minX: Float, minY: Float, maxX: Float, maxY: Float) {
        let reach = max(radiusX, radiusY)
        return (x - reach, y - reach, x + reach, y + reach)
    }

    @inline(__always)
    func distance(_ px: Float, _ py: Float) -> Float {
        let c = PortableMath.cos(angle)
        let s = PortableMath.sin(angle)
        let u = ((px - x) * c + (py - y) * s) / radiusX
        let v = ((py - y) * c - (px - x) * s) / radiusY
        let length = (u * u + v * v).squareRoot()
        let gu = u / radiusX
        let gv = v / radiusY
        let slope = (gu * gu + gv * gv).squareRoot()
        // Near the centre the quotient loses its meaning; the shorter radius bounds the distance.
        return slope < 1e-6 ? -min(radiusX, radiusY) : (length - 1) * length / slope
    }
}

/// A rectangle with rounded corners, turned by `angle`.
struct Slab: Shape {
    var x: Float
    var y: Float
    var halfWidth: Float
    var halfHeight: Float
    var corner: Float = 0
    var angle: Float = 0

    var extent: (minX: Float, minY: Float, maxX: Float, maxY: Float) {
        let c = abs(PortableMath.cos(angle))
        let s = abs(PortableMath.sin(angle))
        let reachX = halfWidth * c + halfHeight * s
        let reachY = halfWidth * s + halfHeight * c
        return (x - reachX, y - reachY, x + reachX, y + reachY)
    }

    @inline(__always)
    func distance(_ px: Float, _ py: Float) -> Float {
        let c = PortableMath.cos(angle)
        let s = PortableMath.sin(angle)
        let u = abs((px - x) * c + (py - y) * s) - halfWidth + corner
        let v = abs((py - y) * c - (px - x) * s) - halfHeight + corner
        let outside = (max(u, 0) * max(u, 0) + max(v, 0) * max(v, 0)).squareRoot()
        return outside + min(max(u, v), 0) - corner
    }
}

/// A simple polygon, exact.
struct Polygon: Shape {
    var points: [SIMD2<Float>]

    var extent: (minX: Float, minY: Float, maxX: Float, maxY: Float) {
        var low = points[0]
        var high = points[0]
        for point in points {
            low = SIMD2(min(low.x, point.x), min(low.y, point.y))
            high = SIMD2(max(high.x, point.x), max(high.y, point.y))
        }
        return (low.x, low.y, high.x, high.y)
    }

    @inline(__always)
    func distance(_ px: Float, _ py: Float) -> Float {
        points.withUnsafeBufferPointer { points in
            var nearest = Float.greatestFiniteMagnitude
            var inside = false
            var previous = points[points.count - 1]
            for point in points {
                let ex = previous.x - point.x
                let ey = previous.y - point.y
                let wx = px - point.x
                let wy = py - point.y
                let t = PortableMath.clamp((wx * ex + wy * ey) / max(ex * ex + ey * ey, 1e-6))
                let bx = wx - ex * t
                let by = wy - ey * t
                nearest = min(nearest, bx * bx + by * by)
                if (point.y > py) != (previous.y > py),
                    px < (previous.x - point.x) * (py - point.y) / (previous.y - point.y) + point.x
                {
                    inside.toggle()
                }
                previous = point
            }
            return inside ? -nearest.squareRoot() : nearest.squareRoot()
        }
    }
}

/// A star-shaped figure whose radius waves around a circle: pebbles, puddles, leaves, faces.
struct Blob: Shape {
    var x: Float
    var y: Float
    var radius: Float
    /// Width over height.
    var stretch: Float
    var angle: Float
    /// Amplitude and phase of the second, third, ... harmonic, relative to the radius.
    var harmonics: [SIMD2<Float>]

    var extent: (minX: Float, minY: Float, maxX: Float, maxY: Float) {
        let wave = harmonics.reduce(Float(1)) { $0 + abs($1.x) }
        let reach = radius * wave * max(stretch, 1)
        return (x - reach, y - reach, x + reach, y + reach)
    }

    @inline(__always)
    func distance(_ px: Float, _ py: Float) -> Float {
        let c = PortableMath.cos(angle)
        let s = PortableMath.sin(angle)
        let u = ((px - x) * c + (py - y) * s) / stretch
        let v = (py - y) * c - (px - x) * s
        let theta = PortableMath.atan2(v, u)
        var wave: Float = 1
        var order: Float = 2
        harmonics.withUnsafeBufferPointer { harmonics in
            for harmonic in harmonics {
                wave += harmonic.x * PortableMath.cos(order * theta + harmonic.y)
                order += 1
            }
        }
        return ((u * u + v * v).squareRoot() - radius * wave) * min(stretch, 1)
    }
}

/// The lens between two arcs: leaves, petals, blades.
struct Leaf: Shape {
    var x: Float
    var y: Float
    var length: Float
    var breadth: Float
    var angle: Float

    var extent: (minX: Float, minY: Float, maxX: Float, maxY: Float) {
        let reach = max(length, breadth)
        return (x - reach, y - reach, x + reach, y + reach)
    }

    @inline(__always)
    func distance(_ px: Float, _ py: Float) -> Float {
        let c = PortableMath.cos(angle)
        let s = PortableMath.sin(angle)
        let u = (px - x) * c + (py - y) * s
        let v = abs((py - y) * c - (px - x) * s)
        // Circles through both tips, centred on the short axis.
        let offset = (length * length - breadth * breadth) / (2 * breadth)
        return ((u * u + (v + offset) * (v + offset)).squareRoot()) - (offset + breadth)
    }
}

/// A ring or a part of its disc: the band of a given half width around another shape's edge.
struct Band<Base: Shape>: Shape {
    var base: Base
    var halfWidth: Float

    var extent: (minX: Float, minY: Float, maxX: Float, maxY: Float) {
        let e = base.extent
        return (e.minX - halfWidth, e.minY - halfWidth, e.maxX + halfWidth, e.maxY + halfWidth)
    }

    @inline(__always)
    func distance(_ px: Float, _ py: Float) -> Float {
        abs(base.distance(px, py)) - halfWidth
    }
}

/// Everything on one side of a ragged line: horizons, ridges, edges of tables and walls.
struct Terrain: Shape {
    /// Height of the line for each step of one pixel along it, from `start`.
    var profile: [Float]
    var start: Float
    var originX: Float
    var originY: Float
    var angle: Float

    var extent: (minX: Float, minY: Float, maxX: Float, maxY: Float) { (-1e5, -1e5, 1e5, 1e5) }

    @inline(__always)
    func distance(_ px: Float, _ py: Float) -> Float {
        let c = PortableMath.cos(angle)
        let s = PortableMath.sin(angle)
        let u = (px - originX) * c + (py - originY) * s - start
        let v = (py - originY) * c - (px - originX) * s
        return profile.withUnsafeBufferPointer { profile in
            let position = min(max(u, 0), Float(profile.count - 2) - 0.001)
            let index = Int(position)
            let t = position - Float(index)
            let rise = profile[index + 1] - profile[index]
            let line = profile[index] + rise * t
            return (line - v) / (1 + rise * rise).squareRoot()
        }
    }
}
