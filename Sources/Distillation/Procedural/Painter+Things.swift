/// Single figures and things.
extension Painter {
    /// A random figure with its own surface, shaded, mostly with a shadow.
    mutating func figure(size: Float, blur: Float = 0, noted: Bool = true) {
        let at = place(outside: 0.2)
        let radius = size / 2
        let angle = random.angle()
        let softness = max(1, 2.2 * blur)
        let margin = softness + 3
        let shape: Stencil
        let name: String
        switch random.index(weights: [0.2, 0.15, 0.2, 0.15, 0.15, 0.08, 0.07]) {
        case 0:
            let squeeze = random.uniform(0.35...1)
            shape = stencil(
                Ellipse(x: at.x, y: at.y, radiusX: radius, radiusY: radius * squeeze, angle: angle), margin: margin)
            name = "disc"
        case 1:
            let squeeze = random.uniform(0.2...1)
            shape = stencil(
                Slab(
                    x: at.x, y: at.y, halfWidth: radius, halfHeight: radius * squeeze,
                    corner: radius * squeeze * random.pick([0, 0.1, 0.4]),
                    angle: random.chance(0.5) ? angle : random.uniform(-0.05...0.05)),
                margin: margin)
            name = "box"
        case 2:
            let count = random.integer(3...7)
            var points: [SIMD2<Float>] = []
            for index in 0..<count {
                let theta = (Float(index) + random.uniform(0.1...0.9)) / Float(count) * 2 * .pi
                let r = radius * random.uniform(0.6...1.2)
                points.append(at + SIMD2(PortableMath.cos(theta), PortableMath.sin(theta)) * r)
            }
            shape = stencil(Polygon(points: points), margin: margin)
            name = "shard"
        case 3:
            let harmonics = (0..<5).map { order in SIMD2(random.uniform(0...0.35) / Float(order + 1), random.angle()) }
            shape = stencil(
                Blob(
                    x: at.x, y: at.y, radius: radius * 0.8, stretch: random.logUniform(0.6...1.6), angle: angle,
                    harmonics: harmonics),
                margin: margin)
            name = "pebble"
        case 4:
            shape = stencil(
                Leaf(x: at.x, y: at.y, length: radius, breadth: radius * random.uniform(0.12...0.6), angle: angle),
                margin: margin)
            name = "leaf"
        case 5:
            let band = radius * random.uniform(0.04...0.2)
            shape = stencil(
                Band(
                    base: Ellipse(
                        x: at.x, y: at.y, radiusX: radius, radiusY: radius * random.uniform(0.4...1), angle: angle),
                    halfWidth: band), margin: margin)
            name = "ring"
        default:
            let along = SIMD2(PortableMath.cos(angle), PortableMath.sin(angle)) * (radius * 2)
            shape = stencil(
                Slab(
                    x: at.x, y: at.y, halfWidth: abs(along.x) + abs(along.y),
                    halfHeight: radius * random.uniform(0.02...0.15), angle: angle), margin: margin)
            name = "bar"
        }
        let skin = surface(for: .object)
        if random.chance(0.5) {
            let lift = size * random.uniform(0.01...0.12) + 1
            canvas.shade(
                shape, moveX: Int(-light.x * lift), moveY: Int(-light.y * lift), softness: max(margin - 2, lift),
                opacity: random.uniform(0.2...0.8))
        }
        canvas.paint(skin, in: shape, shading: solid(size: size, x: at.x, y: at.y), softness: softness)
        if noted, size > 12, notes.things.count < 4 {
            notes.material(skin.word)
            notes.things.append("a \(Palette.name(of: skin.tone)) \(skin.word) \(name)")
        }
    }

    /// A thing that one would photograph: dish, ball, box, clock, sign.
    mutating func thing(sharp: Bool) {
        if random.chance(0.18) {
            cup()
            return
        }
        let size = unit * random.logUniform(0.35...2.2)
        let at = place(outside: 0.15)
        let skin = surface(for: .object)
        let name = Palette.name(of: skin.tone)
        let softness: Float = sharp ? 1 : random.uniform(2...7)
        let squeeze = random.uniform(0.45...1)
        let angle = random.uniform(-0.4...0.4)
        func ellipse(_ factor: Float, _ lift: Float = 0) -> Ellipse {
            Ellipse(
                x: at.x, y: at.y - lift, radiusX: size * factor / 2, radiusY: size * factor * squeeze / 2, angle: angle)
        }
        let shadow = size * random.uniform(0.03...0.2)
        let dropX = Int(-light.x * shadow)
        let dropY = Int(-light.y * shadow)
        let opacity = random.uniform(0.3...0.85)
        switch random.index(weights: [0.35, 0.25, 0.2, 0.2]) {
        case 0:
            // A plate or bowl: rim, inner wall, bottom.
            let outer = stencil(ellipse(1), margin: shadow * 1.2 + 3)
            canvas.shade(outer, moveX: dropX, moveY: dropY, softness: shadow * 1.2 + 1, opacity: opacity)
            canvas.paint(skin, in: outer, shading: solid(size: size * 0.2, x: at.x, y: at.y), softness: softness)
            let inner = random.uniform(0.6...0.93)
            var hollow = solid(size: size, x: at.x, y: at.y)
            hollow.roundness = size * random.uniform(0.1...0.5)
            hollow.light = SIMD3(-light.x, -light.y, light.z)
            canvas.paint(skin, in: stencil(ellipse(inner, size * 0.01)), shading: hollow, softness: softness)
            if random.chance(0.5) {
                let food = surface(for: .object)
                canvas.paint(
                    food, in: stencil(ellipse(inner * random.uniform(0.5...0.85))),
                    shading: solid(size: size * 0.5, x: at.x, y: at.y),
                    softness: softness)
            }
            notes.things.append("a \(name) \(skin.word) bowl")
        case 1:
            let ball = stencil(
                Ellipse(x: at.x, y: at.y, radiusX: size / 2, radiusY: size / 2), margin: shadow * 1.2 + 3)
            canvas.shade(ball, moveX: dropX, moveY: dropY, softness: shadow * 1.2 + 1, opacity: opacity)
            var shading = solid(size: size, x: at.x, y: at.y)
            shading.roundness = size / 2
            canvas.paint(skin, in: ball, shading: shading, softness: softness)
            notes.things.append("a \(name) \(skin.word) ball")
        case 2:
            // A box: front, top and side in three lights.
            let turn = random.uniform(-0.3...0.3)
            let half = SIMD2(size * random.uniform(0.25...0.5), size * random.uniform(0.2...0.5))
            let depth = SIMD2(size * random.uniform(-0.25...0.25), -size * random.uniform(0.05...0.3))
            let c = PortableMath.cos(turn)
            let s = PortableMath.sin(turn)
            func corner(_ x: Float, _ y: Float) -> SIMD2<Float> {
                at + SIMD2(x * half.x * c - y * half.y * s, x * half.x * s + y * half.y * c)
            }
            let front = [corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)]
            let top = [front[0], front[0] + depth, front[1] + depth, front[1]]
            let sideAt = depth.x > 0 ? (front[1], front[2]) : (front[0], front[3])
            let side = [sideAt.0, sideAt.0 + depth, sideAt.1 + depth, sideAt.1]
            let base = stencil(Polygon(points: front), margin: shadow * 1.2 + 3)
            canvas.shade(base, moveX: dropX, moveY: dropY, softness: shadow * 1.2 + 1, opacity: opacity)
            for (points, lit) in [(front, Float(0.8)), (top, 1.2), (side, 0.5)] {
                var shading = Shading.flat
                shading.gradientX = random.uniform(-0.3...0.3) / size
                shading.gradientY = random.uniform(-0.3...0.3) / size
                shading.centreX = at.x
                shading.centreY = at.y
                shading.ambient = lit
                var face = stencil(Polygon(points: points))
                if face.isEmpty { continue }
                face.distances.withUnsafeMutableBufferPointer { for i in 0..<$0.count { $0[i] -= 0.3 } }
                canvas.paint(skin, in: face, shading: shading, softness: softness)
                canvas.veil(
                    lit > 1 ? Pixel(1, 1, 1, 1) * 0.12 : Pixel.zero, alpha: lit > 1 ? 0.12 : (1 - lit) * 0.7, in: face)
            }
            notes.things.append("a \(name) \(skin.word) box")
        default:
            // A wheel or clock: rings, hub and spokes.
            let disc = stencil(ellipse(1), margin: shadow * 1.2 + 3)
            canvas.shade(disc, moveX: dropX, moveY: dropY, softness: shadow * 1.2 + 1, opacity: opacity)
            canvas.paint(skin, in: disc, shading: solid(size: size, x: at.x, y: at.y), softness: softness)
            let dark = surface(.paint)
            canvas.paint(
                dark,
                in: stencil(
                    Band(base: ellipse(random.uniform(0.7...0.95)), halfWidth: size * random.uniform(0.01...0.04))),
                softness: softness)
            var spokes: [Stroke] = []
            let count = random.integer(2...12)
            let first = random.angle()
            for index in 0..<count {
                let theta = first + Float(index) / Float(count) * 2 * .pi
                let way = SIMD2(PortableMath.cos(theta), PortableMath.sin(theta) * squeeze) * (size * 0.45)
                spokes.append(
                    Stroke(
                        from: at + way * random.uniform(0...0.1), to: at + way,
                        radius: size * random.uniform(0.006...0.03)))
            }
            canvas.paint(dark, in: Stencil(spokes, width: width, height: height), softness: softness)
            canvas.paint(
                dark, in: stencil(ellipse(random.uniform(0.05...0.3))),
                shading: solid(size: size * 0.2, x: at.x, y: at.y), softness: softness)
            notes.things.append("a \(name) \(skin.word) wheel")
        }
        notes.material(skin.word)
    }
}
