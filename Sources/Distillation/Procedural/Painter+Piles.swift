/// Crowds of one kind of thing: foliage, fallen leaves, pebbles, meadows, flowers, fences, fruit with seeds.
extension Painter {
    /// A surface on the whole canvas, at times receding.
    mutating func paintGround() {
        var ground = surface(for: .ground)
        if random.chance(0.5) {
            ground.mapping = ground.mapping.receding(
                tiltX: 0, tiltY: random.uniform(0...0.8) / heightF, x: widthF / 2, y: heightF / 2)
        }
        canvas.paint(ground, in: everywhere, shading: slowLight(strength: 0.8))
        notes.material(ground.word)
        notes.background = ground.word
    }

    /// Leaves or pebbles over each other until they fill most of the picture, the lower ones darker.
    mutating func paintPile() {
        paintGround()
        let pebbles = random.chance(0.4)
        let family = surface(pebbles ? .stone : random.chance(0.6) ? .foliage : .rust)
        let size = unit * random.logUniform(0.08...0.7)
        let cover = widthF * heightF / (size * size)
        let count = Int(min(max(cover * random.uniform(1.2...4), 4), 500))
        let spreadOfHue = random.uniform(0.05...0.5)
        let angle = random.angle()
        let disorder = random.chance(0.3) ? Float(0.4) : 3
        let blurred = random.chance(0.3) ? random.uniform(0.7...3) : 0
        let edgy = random.uniform(0...0.5)
        for index in 0..<count {
            let at = place(outside: 0.15)
            let depth = Float(index) / Float(count)
            let length = size * random.uniform(0.35...0.75)
            let turned = angle + disorder * random.uniform(-1...1)
            var shape: Stencil
            if pebbles {
                let harmonics = (0..<3).map { SIMD2(random.uniform(0...0.16) / Float($0 + 1), random.angle()) }
                shape = stencil(
                    Blob(
                        x: at.x, y: at.y, radius: length * 0.7, stretch: random.uniform(0.7...1.5), angle: turned,
                        harmonics: harmonics), margin: 5)
            } else {
                shape = stencil(
                    Leaf(x: at.x, y: at.y, length: length, breadth: length * random.uniform(0.25...0.6), angle: turned),
                    margin: 5)
            }
            if shape.isEmpty { continue }
            let tone = family.tone.lit((0.25 + 0.9 * depth) * PortableMath.exp(0.3 * random.normal()))
            let hue =
                Pixel(random.uniform(-1...1), random.uniform(-0.4...0.4), random.uniform(-1...0.4), 0) * spreadOfHue
            let color = tone + tone * hue * Pixel(1, 1, 1, 0)
            let lift = size * 0.06 + 1
            canvas.shade(
                shape, moveX: Int(-light.x * lift), moveY: Int(-light.y * lift), softness: min(lift * 1.5, 5),
                opacity: 0.5)
            if pebbles {
                var skin = family
                if case .rough(var rough) = skin.kind {
                    rough.base = color
                    rough.other = color.lit(0.6)
                    rough.relief *= 0.4
                    skin.kind = .rough(rough)
                }
                canvas.paint(skin, in: shape, shading: solid(size: length * 2, x: at.x, y: at.y), as: .pebbles)
            } else {
                var shading = solid(size: length, x: at.x, y: at.y)
                shading.roundness = 0
                shading.rim = edgy
                canvas.paint(flat(color), .turned(scale: 1), in: shape, shading: shading, as: .leaves)
                if length > 9 { veins(at: at, length: length, angle: turned, color: color) }
            }
            if blurred > 0, index == count * 2 / 3 { canvas.blur(sigma: blurred) }
        }
        let word = pebbles ? "pebbles" : "leaves"
        notes.material(word)
        notes.things.append("a pile of \(word)")
    }

    private mutating func veins(at: SIMD2<Float>, length: Float, angle: Float, color: Pixel) {
        let way = SIMD2(PortableMath.cos(angle), PortableMath.sin(angle)) * length
        let side = SIMD2(-way.y, way.x) * 0.3
        let tone = color.lit(random.chance(0.5) ? 1.5 : 0.6)
        canvas.hair(from: at - way, over: at, to: at + way, radius: length * 0.03, color: tone, tip: tone, opacity: 0.8)
        for step in 0..<5 {
            let root = at + way * (Float(step) * 0.3 - 0.7)
            for sign in [Float(1), -1] {
                let tip = root + way * 0.25 + side * (sign * (0.9 - 0.15 * abs(Float(step) - 2)))
                canvas.hair(
                    from: root, over: (root + tip) * 0.5, to: tip, radius: 0.4, color: tone, tip: color, opacity: 0.5)
            }
        }
    }

    /// Grass up close: thousands of blades over darkness, sharp in one plane only.
    mutating func paintMeadow() {
        softBackground()
        let count = random.integer(150...1500)
        let length = unit * random.logUniform(0.15...1.2)
        let lean = random.normal() * 0.3
        let radius = random.uniform(0.5...1.6)
        let stages = random.integer(1...3)
        let low = heightF * random.uniform(0.3...1)
        for stage in 0..<stages {
            let near = Float(stage + 1) / Float(stages)
            for _ in 0..<(count / stages) {
                let root = SIMD2(
                    random.uniform((-0.1 * widthF)...(1.1 * widthF)), random.uniform(low...(heightF * 1.3)))
                let angle = -Float.pi / 2 + lean + random.normal() * 0.3
                let reach = length * random.uniform(0.5...1.3)
                let way = SIMD2(PortableMath.cos(angle), PortableMath.sin(angle)) * reach
                let fall = SIMD2(random.normal() * 0.25 * reach, random.uniform(0...0.2) * reach)
                let tone = palette.vary(
                    random.pick([
                        SIMD3(0.38, 0.45, 0.2), SIMD3(0.25, 0.33, 0.12), SIMD3(0.55, 0.55, 0.3), SIMD3(0.5, 0.42, 0.25),
                    ]), &random,
                    by: 0.3)
                canvas.hair(
                    from: root, over: root + way * 0.6, to: root + way + fall, radius: radius * near + 0.3,
                    color: tone.lit(0.35 + 0.3 * near), tip: tone.lit(0.7 + 0.5 * near), opacity: 0.95, as: .grass)
            }
            if stage < stages - 1 { canvas.blur(sigma: random.uniform(0.5...2.5)) }
        }
        notes.material("grass")
        notes.things.append("blades of grass")
        for _ in 0..<random.integer(0...3) { flower() }
        if random.chance(0.2) { canvas.blur(sigma: random.uniform(1...4)) }
    }

    /// A flower head: petals around a disc, or a ball of seeds on fine threads.
    mutating func flower() {
        let at = place(outside: 0)
        let size = unit * random.logUniform(0.2...1)
        let stem = Stroke(
            wandering: &random, from: at, angle: .pi / 2 + random.normal() * 0.15, length: heightF * 1.2,
            radius: size * 0.035 + 0.6,
            endRadius: size * 0.05 + 0.8, curvature: 0.3 / heightF, restlessness: 0.005)
        var round = slowLight()
        round.roundness = size * 0.05
        let green = palette.vary(SIMD3(0.38, 0.43, 0.18), &random)
        canvas.paint(
            flat(green), .turned(scale: 1), in: Stencil([stem], margin: 3, width: width, height: height),
            shading: round, as: .stem)
        if random.chance(0.5) {
            let pale = palette.vary(SIMD3(0.85, 0.8, 0.66), &random)
            for _ in 0..<Int(min(80 + size * 6, 900)) {
                let angle = random.angle()
                let reach = size * 0.5 * random.unit().squareRoot()
                let way = SIMD2(PortableMath.cos(angle), PortableMath.sin(angle)) * reach
                let tip = at + way
                canvas.hair(
                    from: at + way * random.uniform(0.2...0.8), over: at + way * 0.9, to: tip, radius: 0.45,
                    color: pale.lit(0.4), tip: pale,
                    opacity: random.uniform(0.3...0.9), as: .flower)
            }
            notes.things.append("a dandelion")
            notes.material("dandelion")
        } else {
            let petal = palette.color(&random, accent: 0.6).mixed(
                with: Pixel(red: 0.8, green: 0.75, blue: 0.7), random.uniform(0...0.8))
            let count = random.integer(5...14)
            let first = random.angle()
            for index in 0..<count {
                let angle = first + Float(index) / Float(count) * 2 * .pi + random.normal() * 0.06
                let reach = size * 0.27
                let shape = stencil(
                    Leaf(
                        x: at.x + PortableMath.cos(angle) * reach, y: at.y + PortableMath.sin(angle) * reach * 0.85,
                        length: reach,
                        breadth: reach * min(2.2 / Float(count) + 0.08, 0.6), angle: angle))
                var shading = Shading.flat
                shading.rim = 0.4
                shading.rimWidth = 1.5
                canvas.paint(
                    flat(petal.lit(random.uniform(0.7...1.1))), .turned(scale: 1), in: shape, shading: shading,
                    as: .flower)
            }
            let heart = surface(.rust)
            let disc = stencil(Ellipse(x: at.x, y: at.y, radiusX: size * 0.11, radiusY: size * 0.1))
            canvas.paint(heart, in: disc, shading: solid(size: size * 0.2, x: at.x, y: at.y), as: .flower)
            notes.things.append("a flower with \(Palette.name(of: petal)) petals")
            notes.material("petals")
        }
    }

    /// A fence of boards, bars or wire in front of what is already there.
    mutating func fence() {
        let spacing = unit * random.logUniform(0.06...0.5)
        let turn = random.normal() * 0.06
        let c = PortableMath.cos(turn)
        let s = PortableMath.sin(turn)
        let reach = widthF + heightF
        let centre = SIMD2(widthF / 2, heightF / 2)
        func point(_ x: Float, _ y: Float) -> SIMD2<Float> { centre + SIMD2(x * c - y * s, x * s + y * c) }
        var strokes: [Stroke] = []
        let mesh = random.chance(0.3)
        let radius = mesh ? random.uniform(0.5...1.6) : spacing * random.uniform(0.06...0.3)
        let count = min(Int(reach / spacing), 60)
        for index in -count...count {
            let x = Float(index) * spacing
            if mesh {
                strokes.append(Stroke(from: point(x - reach, -reach), to: point(x + reach, reach), radius: radius))
                strokes.append(Stroke(from: point(x + reach, -reach), to: point(x - reach, reach), radius: radius))
            } else {
                strokes.append(Stroke(from: point(x, -reach), to: point(x, reach), radius: radius))
            }
        }
        if !mesh {
            let rail = heightF * random.uniform(-0.4...0.4)
            strokes.append(
                Stroke(from: point(-reach, rail), to: point(reach, rail), radius: radius * random.uniform(0.6...1.4)))
        }
        var shading = slowLight()
        shading.roundness = radius
        shading.ambient = random.uniform(0.3...0.7)
        let skin = surface(random.pick([.wood, .metal, .paint]))
        let softness: Float = random.chance(0.8) ? 1 : random.uniform(1.5...5)
        canvas.paint(
            skin, in: Stencil(strokes, margin: softness + 2, width: width, height: height), shading: shading,
            softness: softness, as: .fence)
        notes.material(skin.word)
        notes.material("fence")
        notes.things.append(mesh ? "a wire fence" : "a \(skin.word) fence")
    }

    /// Cracks, stains, scratches and specks that age a surface.
    mutating func weather() {
        let dark = canvas.pixels[canvas.pixels.count / 2].lit(random.uniform(0.15...0.6))
        switch random.index(weights: [0.35, 0.35, 0.3]) {
        case 0:
            var strokes: [Stroke] = []
            grow(
                from: place(), angle: random.angle(), radius: random.uniform(0.5...1.6),
                length: unit * random.uniform(0.3...1.2),
                depth: random.integer(0...2), &strokes)
            canvas.paint(
                flat(dark), .turned(scale: 1), in: Stencil(strokes, width: width, height: height), shading: .flat,
                softness: 1.3,
                opacity: 0.8)
            notes.material("cracks")
        case 1:
            let size = unit * random.logUniform(0.008...0.05)
            for _ in 0..<random.integer(4...60) {
                let at = place()
                let tone = random.chance(0.7) ? dark : dark.lit(random.uniform(2...6))
                let spot = stencil(
                    Ellipse(
                        x: at.x, y: at.y, radiusX: size * random.uniform(0.5...1.8) + 0.3,
                        radiusY: size * random.uniform(0.4...1) + 0.3,
                        angle: random.angle()))
                canvas.paint(
                    flat(tone), .turned(scale: 1), in: spot, shading: .flat, softness: 1.5,
                    opacity: random.uniform(0.3...0.9))
            }
            notes.material("spots")
        default:
            let angle = random.angle()
            let bright = random.chance(0.5)
            for _ in 0..<random.integer(3...40) {
                let at = place()
                let turned = angle + random.normal() * 0.15
                let way =
                    SIMD2(PortableMath.cos(turned), PortableMath.sin(turned)) * (unit * random.logUniform(0.04...0.7))
                let tone = bright ? dark.lit(5) : dark
                canvas.hair(
                    from: at, over: at + way * 0.5 + SIMD2(random.normal(), random.normal()), to: at + way,
                    radius: random.uniform(0.3...1), color: tone, tip: tone, opacity: random.uniform(0.2...0.8))
            }
            notes.material("scratches")
        }
    }
}
