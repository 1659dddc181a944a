/// Fur, eyes and whiskers: many fine strokes along a direction field, with large soft structure below them.
extension Painter {
    mutating func paintAnimal() {
        softBackground()
        let base = palette.vary(
            random.pick([
                SIMD3(0.72, 0.56, 0.4), SIMD3(0.5, 0.42, 0.36), SIMD3(0.78, 0.74, 0.7), SIMD3(0.3, 0.24, 0.2),
                SIMD3(0.62, 0.42, 0.25),
                SIMD3(0.45, 0.46, 0.47),
            ]), &random, by: 0.25)
        let at = place(outside: 0)
        let size = unit * random.logUniform(1.2...3.5)
        let body = Blob(
            x: at.x, y: at.y, radius: size * 0.6, stretch: random.uniform(0.8...1.4), angle: random.angle(),
            harmonics: [
                SIMD2(random.uniform(0...0.2), random.angle()), SIMD2(random.uniform(0...0.12), random.angle()),
            ])
        var shape = random.chance(0.4) ? everywhere : stencil(body, margin: 6)
        shape.roughen(LatticeNoise(&random), amplitude: 3, scale: 4)
        fur(base, in: shape, centre: at, size: size)
        let eyes = random.integer(0...2)
        let gap = size * random.uniform(0.25...0.45)
        for index in 0..<eyes {
            eye(
                x: at.x + (Float(index) - 0.5) * gap, y: at.y + random.uniform(-0.03...0.03) * size,
                size: size * random.uniform(0.1...0.2))
        }
        if random.chance(0.6) { whiskers(from: at, length: size * random.uniform(0.4...1)) }
        notes.material("fur")
        notes.things.append("an animal with \(Palette.name(of: base)) fur")
        if eyes > 0 { notes.material("eyes") }
    }

    private mutating func fur(_ base: Pixel, in shape: Stencil, centre: SIMD2<Float>, size: Float) {
        let shadow = base.lit(random.uniform(0.2...0.6))
        let pale = base.mixed(with: Pixel(red: 0.8, green: 0.75, blue: 0.68), random.uniform(0.1...0.6))
        let under = PlainMaterial(
            base: shadow, other: base, noise: LatticeNoise(&random), mottle: 0.6, octaves: 3, gain: 0.5)
        var shading = solid(size: size, x: centre.x, y: centre.y)
        shading.specular = 0
        canvas.paint(under, .turned(scale: size * 0.3), in: shape, shading: shading, softness: 2)
        let pattern = LatticeNoise(&random)
        let field = LatticeNoise(&random)
        let stripes = random.chance(0.5)
        let patternScale = 1 / (size * random.uniform(0.08...0.25))
        let length = size * random.logUniform(0.02...0.1) + 2
        let spread = random.uniform(0.1...0.45)
        let turn = random.uniform(-0.6...0.6)
        let rows = shape.rows(within: height)
        let columns = shape.columns(within: width)
        if rows.isEmpty || columns.isEmpty { return }
        let area = Float(rows.count * columns.count)
        let count = Int(min(area / (length * 0.9), 7000))
        let radius = random.uniform(0.35...0.9)
        for _ in 0..<count {
            let p = SIMD2(
                Float(columns.lowerBound) + random.unit() * Float(columns.count),
                Float(rows.lowerBound) + random.unit() * Float(rows.count))
            let inside = shape.distances[
                (min(Int(p.y), rows.upperBound - 1) - shape.minY) * shape.width
                    + min(Int(p.x), columns.upperBound - 1) - shape.minX]
            if inside > -1 { continue }
            let away = p - centre
            let angle =
                PortableMath.atan2(away.y, away.x) + turn
                + 1.2 * field.value(p.x * 2.5 / size, p.y * 2.5 / size) + spread * random.normal()
            let way = SIMD2(PortableMath.cos(angle), PortableMath.sin(angle)) * length
            let bent = SIMD2(-way.y, way.x) * random.uniform(-0.25...0.25)
            let across = stripes ? SIMD2(away.x * 2.2, away.y * 0.6) : away
            let mark = pattern.fractal(across.x * patternScale, across.y * patternScale, footprint: 0.2, octaves: 2)
            let tone = PortableMath.smoothstep(-0.15, 0.25, mark)
            let ink = shadow.mixed(with: pale, tone * random.uniform(0.6...1)).lit(random.uniform(0.7...1.3))
            canvas.hair(
                from: p, over: p + way * 0.5 + bent, to: p + way, radius: radius, color: ink.lit(0.85),
                tip: ink.lit(1.2),
                opacity: random.uniform(0.3...0.8))
        }
    }

    /// An eye: lid, iris with rays, pupil and a reflex.
    mutating func eye(x: Float, y: Float, size: Float) {
        let angle = random.uniform(-0.3...0.3)
        let dark = Pixel(red: 0.012, green: 0.01, blue: 0.01)
        let lid = stencil(
            Leaf(x: x, y: y, length: size * 1.15, breadth: size * random.uniform(0.6...0.95), angle: angle))
        canvas.paint(flat(dark), .turned(scale: 1), in: lid, shading: .flat, softness: 2)
        let iris = palette.vary(
            random.pick([
                SIMD3(0.62, 0.6, 0.3), SIMD3(0.45, 0.32, 0.18), SIMD3(0.45, 0.58, 0.62), SIMD3(0.75, 0.5, 0.15),
            ]), &random)
        let rays = RingMaterial(
            base: iris, dark: iris.lit(0.45), noise: LatticeNoise(&random), rings: 1.5, contrast: 0.7, wander: 0.3)
        var disc = stencil(Ellipse(x: x, y: y, radiusX: size * 0.75, radiusY: size * 0.75))
        disc.clip(to: lid)
        var shading = Shading.flat
        shading.gradientY = 0.5 / size
        shading.centreY = y
        shading.rim = 0.5
        shading.rimWidth = size * 0.12
        canvas.paint(rays, .turned(scale: size * 0.5, x: x, y: y), in: disc, shading: shading, softness: 1.2)
        let slit = random.uniform(0.15...0.45)
        let pupil = stencil(Ellipse(x: x, y: y, radiusX: size * slit, radiusY: size * random.uniform(slit...0.6)))
        canvas.paint(flat(dark), .turned(scale: 1), in: pupil, shading: .flat, softness: 1.4)
        let reflex = stencil(
            Ellipse(x: x - size * 0.2, y: y - size * 0.25, radiusX: size * 0.12, radiusY: size * 0.08))
        canvas.paint(
            flat(Pixel(red: 0.9, green: 0.92, blue: 0.95)), .turned(scale: 1), in: reflex, shading: .flat, softness: 1.5
        )
    }

    private mutating func whiskers(from at: SIMD2<Float>, length: Float) {
        let bright =
            random.chance(0.7) ? Pixel(red: 0.75, green: 0.72, blue: 0.68) : Pixel(red: 0.02, green: 0.02, blue: 0.02)
        let side = random.chance(0.5) ? Float(0) : .pi
        for _ in 0..<random.integer(4...16) {
            let angle = side + random.normal() * 0.35
            let way = SIMD2(PortableMath.cos(angle), PortableMath.sin(angle)) * (length * random.uniform(0.6...1.2))
            let root = at + SIMD2(random.normal(), random.normal()) * (length * 0.12)
            canvas.hair(
                from: root, over: root + way * 0.5 + SIMD2(0, -length * random.uniform(0...0.15)), to: root + way,
                radius: random.uniform(0.4...1), color: bright, tip: bright, opacity: random.uniform(0.5...1))
        }
        notes.material("whiskers")
    }

    /// A material of one colour.
    mutating func flat(_ color: Pixel) -> PlainMaterial {
        PlainMaterial(base: color, other: color, noise: LatticeNoise(&random), mottle: 0, octaves: 1, gain: 0.5)
    }
}
