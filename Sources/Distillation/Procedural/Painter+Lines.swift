/// Wires, poles, branches and blades: thin structure that runs on through a hole.
extension Painter {
    /// Straight or hanging lines right across the picture, single or in parallel sets.
    mutating func crossingLines(count: Int) {
        let reach = widthF + heightF
        var drawn = 0
        while drawn < count {
            let angle = random.angle()
            let along = SIMD2(PortableMath.cos(angle), PortableMath.sin(angle))
            let across = SIMD2(-along.y, along.x)
            let at = place(outside: -0.05)
            let radius = random.chance(0.6) ? random.logUniform(0.4...2.5) : unit * random.logUniform(0.015...0.12)
            let set = random.chance(0.3) ? random.integer(2...5) : 1
            let spacing = radius * random.uniform(2.5...12)
            let sag = random.chance(0.4) ? reach * random.uniform(-0.25...0.25) : 0
            let fan = random.chance(0.3) ? random.uniform(-0.06...0.06) : 0
            let ends = random.chance(0.2)
            var strokes: [Stroke] = []
            for index in 0..<set {
                let shift = across * (Float(index) * spacing)
                let turned = angle + Float(index) * fan
                let way = SIMD2(PortableMath.cos(turned), PortableMath.sin(turned)) * reach
                let from = at + shift - way
                let to = ends ? at + shift + way * 0.02 : at + shift + way
                strokes.append(
                    sag == 0
                        ? Stroke(from: from, to: to, radius: radius)
                        : Stroke(from: from, over: (from + to) * 0.5 + SIMD2(0, sag), to: to, radius: radius))
            }
            let round = radius > 2
            let paint = surface(round ? random.pick([.metal, .paint, .wood, .paint]) : .paint)
            var shading = slowLight()
            if round, random.chance(0.8) {
                shading.roundness = radius * random.uniform(0.6...1.1)
                shading.ambient = random.uniform(0.2...0.6)
                if random.chance(0.4) {
                    shading.specular = random.uniform(0.1...0.7)
                    shading.gloss = random.uniform(5...30)
                }
            }
            let shape = Stencil(strokes, margin: 4, width: width, height: height)
            if !round, random.chance(0.6) {
                let dark = Pixel(red: 0.015, green: 0.016, blue: 0.02)
                let black = PlainMaterial(
                    base: dark, other: dark, noise: LatticeNoise(&random), mottle: 0, octaves: 1, gain: 0.5)
                canvas.paint(
                    black, .turned(scale: 1), in: shape, shading: .flat, softness: random.uniform(0.9...1.6), as: .wire)
            } else {
                canvas.paint(
                    paint, in: shape, shading: shading, softness: random.chance(0.8) ? 1 : random.uniform(1...4),
                    as: round ? .pole : .wire)
            }
            let word = round ? "pole" : "wire"
            notes.material(word)
            if set > 1 { notes.things.append("parallel \(word)s") } else { notes.things.append("a \(word)") }
            drawn += set
        }
    }

    /// A branching twig or a trunk with branches, growing in from a border.
    mutating func branches() {
        let radius = random.chance(0.5) ? random.logUniform(0.8...4) : unit * random.logUniform(0.02...0.12)
        let side = random.integer(0...3)
        let t = random.unit()
        let from: SIMD2<Float>
        switch side {
        case 0: from = SIMD2(t * widthF, heightF + radius)
        case 1: from = SIMD2(-radius, t * heightF)
        case 2: from = SIMD2(widthF + radius, t * heightF)
        default: from = SIMD2(t * widthF, -radius)
        }
        let centre = SIMD2(widthF * random.uniform(0.3...0.7), heightF * random.uniform(0.3...0.7))
        let heading = PortableMath.atan2(centre.y - from.y, centre.x - from.x)
        var strokes: [Stroke] = []
        grow(
            from: from, angle: heading, radius: radius, length: unit * random.uniform(0.6...1.8),
            depth: random.integer(1...4), &strokes)
        let shape = Stencil(strokes, margin: 4, width: width, height: height)
        let wood = surface(random.pick([.bark, .wood, .paint]))
        var shading = slowLight()
        shading.roundness = max(radius * 0.9, 0.5)
        shading.ambient = random.uniform(0.2...0.7)
        let softness: Float = random.chance(0.75) ? 1 : random.uniform(1...5)
        canvas.paint(wood, in: shape, shading: shading, softness: softness, as: .branch)
        notes.material("branch")
        notes.things.append(radius < 3 ? "a thin tree branch" : "a tree branch")
        if random.chance(0.35) {
            let leaf = surface(.foliage)
            for _ in 0..<random.integer(3...30) {
                let stroke = random.pick(strokes)
                let p = random.pick(stroke.points)
                let length = unit * random.uniform(0.03...0.14)
                let angle = random.angle()
                let shape = stencil(
                    Leaf(
                        x: p.x + PortableMath.cos(angle) * length, y: p.y + PortableMath.sin(angle) * length,
                        length: length,
                        breadth: length * random.uniform(0.2...0.55), angle: angle))
                let color = leaf.tone.lit(random.uniform(0.5...1.8))
                let flat = PlainMaterial(
                    base: color, other: color, noise: LatticeNoise(&random), mottle: 0, octaves: 1, gain: 0.5)
                canvas.paint(
                    flat, .turned(scale: 1), in: shape, shading: solid(size: length, x: p.x, y: p.y),
                    softness: softness, as: .leaves)
            }
            notes.material("leaves")
        }
    }

    /// A limb with its side limbs, `depth` times.
    mutating func grow(
        from: SIMD2<Float>, angle: Float, radius: Float, length: Float, depth: Int, _ strokes: inout [Stroke]
    ) {
        let stroke = Stroke(
            wandering: &random, from: from, angle: angle, length: length, radius: radius, endRadius: radius * 0.6,
            curvature: 0.6 / length, restlessness: 0.05)
        strokes.append(stroke)
        if depth == 0 || strokes.count > 60 || radius < 0.3 { return }
        for _ in 0..<random.integer(1...3) {
            let index = random.integer((stroke.points.count / 4)...(stroke.points.count - 1))
            let at = stroke.points[index]
            let turn = random.uniform(0.3...1.1) * (random.chance(0.5) ? 1 : -1)
            grow(
                from: SIMD2(at.x, at.y), angle: stroke.heading(at: index) + turn,
                radius: at.z * random.uniform(0.45...0.75),
                length: length * random.uniform(0.4...0.8), depth: depth - 1, &strokes)
        }
    }

    /// A blade of grass or a flower stem.
    mutating func blade(blur: Float) {
        let from = SIMD2(random.uniform((-0.2 * widthF)...(1.2 * widthF)), heightF * random.uniform(0.9...1.1))
        let length = unit * random.logUniform(0.4...2.5)
        let radius = random.logUniform(0.7...(0.04 * unit + 1))
        let stroke = Stroke(
            wandering: &random, from: from, angle: -.pi / 2 + random.normal() * 0.35, length: length, radius: radius,
            endRadius: random.chance(0.6) ? 0.2 : radius * 0.8, curvature: 1 / length, restlessness: 0.01)
        let shape = Stencil([stroke], margin: 3 * blur + 3, width: width, height: height)
        let color = palette.vary(
            random.pick([
                SIMD3(0.35, 0.42, 0.16), SIMD3(0.55, 0.58, 0.3), SIMD3(0.2, 0.27, 0.1), SIMD3(0.62, 0.55, 0.32),
            ]), &random, by: 0.3)
        let flat = PlainMaterial(
            base: color, other: color.lit(0.7), noise: LatticeNoise(&random), mottle: 0.5, octaves: 3, gain: 0.5)
        var shading = slowLight()
        shading.roundness = radius
        shading.ambient = random.uniform(0.4...0.8)
        canvas.paint(
            flat, .turned(scale: unit * 0.2), in: shape, shading: shading, softness: max(1, 2.2 * blur), as: .stem)
        notes.material("stem")
        notes.things.append("a green stem")
    }
}
