/// Large things of which a crop shows an edge.
extension Painter {
    /// One large plain thing with a worked edge.
    mutating func rim() {
        let at = place(outside: 0.5)
        let size = unit * random.logUniform(0.8...5)
        let squeeze = random.uniform(0.3...1)
        let angle = random.angle()
        let softness: Float = random.chance(0.7) ? 1 : random.logUniform(1.3...8)
        let drop = random.logUniform(2...(unit * 0.12 + 3))
        let shape: Stencil
        switch random.index(weights: [0.55, 0.2, 0.25]) {
        case 0:
            shape = stencil(
                Ellipse(x: at.x, y: at.y, radiusX: size * 0.6, radiusY: size * 0.6 * squeeze, angle: angle),
                margin: drop * 2 + softness)
        case 1:
            shape = stencil(
                Slab(
                    x: at.x, y: at.y, halfWidth: size * 0.6, halfHeight: size * 0.6 * squeeze,
                    corner: size * random.uniform(0...0.3) * squeeze, angle: random.chance(0.5) ? 0 : angle),
                margin: drop * 2 + softness)
        default:
            shape = stencil(
                terrain(at: random.uniform(-0.35...0.35) * heightF, roughness: 0, angle: angle),
                margin: drop * 2 + softness)
        }
        var skin = random.chance(0.6) ? surface(for: .soft) : surface(for: .object)
        let lamp = random.chance(0.12)
        if lamp {
            // Overexposed: a lamp or a window, with its light around it.
            let color = Pixel(red: 1, green: 0.96, blue: 0.88).lit(random.uniform(1.5...4))
            skin = surface(.paint)
            skin.kind = .plain(flat(color))
            skin.tone = color
            skin.word = "lamp"
            glow(color: color, strength: random.uniform(0.1...0.5), at: at, radius: size * 0.6)
        }
        if !lamp, random.chance(0.75) {
            canvas.shade(
                shape, moveX: Int(-light.x * drop), moveY: Int(-light.y * drop),
                softness: drop * random.uniform(0.6...2) + 1,
                opacity: random.uniform(0.15...0.8))
        }
        var shading = slowLight(strength: 1)
        switch random.index(weights: [0.4, 0.4, 0.2]) {
        case 0: break
        case 1:
            shading.roundness = size * random.logUniform(0.03...0.5)
            shading.ambient = random.uniform(0.3...0.8)
        default:
            shading.roundness = size * random.uniform(0.3...0.7)
            shading.ambient = random.uniform(0.2...0.5)
            shading.specular = random.uniform(0.2...1)
            shading.gloss = random.logUniform(5...80)
        }
        canvas.paint(skin, in: shape, shading: shading, softness: softness, as: lamp ? .lamp : nil)
        lines(along: shape, tone: skin.tone, softness: softness)
        notes.material(skin.word)
        notes.things.append(lamp ? "a bright lamp" : "the edge of a \(Palette.name(of: skin.tone)) \(skin.word) thing")
    }

    /// Lips, grooves and reflections that run parallel to an edge.
    private mutating func lines(along shape: Stencil, tone: Pixel, softness: Float) {
        var depth: Float = 0
        for _ in 0..<random.integer(0...4) {
            depth += random.logUniform(1...(unit * 0.2 + 2))
            let half = random.logUniform(0.35...(unit * 0.03 + 1))
            var band = shape
            band.distances.withUnsafeMutableBufferPointer { distances in
                for index in 0..<distances.count { distances[index] = abs(distances[index] + depth) - half }
            }
            let bright = random.chance(0.5)
            let color = bright ? tone.lit(random.uniform(1.3...4)) : tone.lit(random.uniform(0.1...0.7))
            let ink = flat(random.chance(0.8) ? color : palette.color(&random))
            var shading = slowLight(strength: 1.6)
            if half > 2 {
                shading.roundness = half
                shading.ambient = random.uniform(0.3...0.9)
            }
            canvas.paint(
                ink, .turned(scale: 1), in: band, shading: shading, softness: max(softness, random.uniform(0.8...3)),
                opacity: random.uniform(0.3...1))
            depth += half
        }
    }

    /// A cup: body, opening, what is in it, handle, and often a saucer.
    mutating func cup() {
        let at = place(outside: 0)
        let size = unit * random.logUniform(0.5...2)
        let skin = surface(random.pick([.ceramic, .ceramic, .paint, .metal, .stripes, .glaze]))
        let squeeze = random.uniform(0.3...0.8)
        func ellipse(_ y: Float, _ factor: Float) -> Ellipse {
            Ellipse(x: at.x, y: at.y + y, radiusX: size * factor / 2, radiusY: size * factor * squeeze / 2)
        }
        let drop = size * 0.08 + 2
        let (dx, dy) = (Int(-light.x * drop), Int(-light.y * drop))
        let tall = size * random.uniform(0.4...1) * (1 - 0.5 * squeeze)
        if random.chance(0.6) {
            let saucer = stencil(ellipse(tall, random.uniform(1.3...2)), margin: drop * 2 + 3)
            canvas.shade(saucer, moveX: dx, moveY: dy, softness: drop * 1.5, opacity: 0.6)
            var bowl = slowLight(strength: 1)
            bowl.roundness = size * 0.15
            bowl.specular = random.uniform(0...0.6)
            canvas.paint(skin, in: saucer, shading: bowl)
            lines(along: saucer, tone: skin.tone, softness: 1)
        }
        let side: Float = random.chance(0.5) ? 1 : -1
        let ear = stencil(
            Band(
                base: Ellipse(
                    x: at.x + side * size * 0.52, y: at.y + tall * 0.45, radiusX: size * 0.17,
                    radiusY: tall * 0.33 + 2),
                halfWidth: size * random.uniform(0.025...0.06)))
        var round = solid(size: size * 0.1, x: at.x, y: at.y)
        round.roundness = size * 0.05
        canvas.paint(skin, in: ear, shading: round)
        let narrow = random.uniform(0.55...0.95)
        let corners = (0...12).map { step -> SIMD2<Float> in
            let theta = Float(step) / 12 * .pi
            let c = PortableMath.cos(theta)
            let s = PortableMath.sin(theta)
            return SIMD2(at.x + c * size * narrow / 2, at.y + tall + s * size * narrow * squeeze * 0.5)
        }
        let body = stencil(
            Polygon(points: [SIMD2(at.x - size / 2, at.y), SIMD2(at.x + size / 2, at.y)] + corners),
            margin: drop * 2 + 3)
        canvas.shade(body, moveX: dx, moveY: dy, softness: drop * 1.5, opacity: 0.5)
        var shading = solid(size: size, x: at.x, y: at.y)
        // A deep bevel would show the polygon's creases: light across stands for the cylinder.
        shading.roundness = size * random.uniform(0.04...0.12)
        shading.gradientX = light.x * random.uniform(0.3...1.2) / size
        canvas.paint(skin, in: body, shading: shading)
        var lip = slowLight()
        lip.specular = 0.4
        lip.roundness = size * 0.03
        canvas.paint(skin, in: stencil(ellipse(0, 1.0)), shading: lip)
        let inside = surface(random.pick([.ceramic, .ceramic, .paint]))
        var hollow = slowLight(strength: 1)
        hollow.light = SIMD3(-light.x, -light.y, light.z)
        hollow.roundness = size * 0.3
        canvas.paint(inside, in: stencil(ellipse(size * 0.01, 0.93)), shading: hollow)
        if random.chance(0.7) {
            let drink = palette.vary(
                random.pick([
                    SIMD3(0.45, 0.26, 0.12), SIMD3(0.7, 0.45, 0.22), SIMD3(0.2, 0.1, 0.06), SIMD3(0.75, 0.68, 0.5),
                ]), &random)
            var level = stencil(ellipse(size * random.uniform(0.05...0.16) * squeeze, 0.85))
            level.clip(to: stencil(ellipse(size * 0.01, 0.92)))
            var foam = slowLight()
            foam.rim = -0.3
            foam.rimWidth = size * 0.03
            canvas.paint(flat(drink), .turned(scale: 1), in: level, shading: foam, as: .coffee)
            notes.material("coffee")
            notes.things.append("a \(Palette.name(of: skin.tone)) \(skin.word) cup of coffee")
        } else {
            notes.things.append("a \(Palette.name(of: skin.tone)) \(skin.word) cup")
        }
        notes.material(skin.word)
    }
}
