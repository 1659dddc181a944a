/// Rooms, buildings, signs and shelves: planes in perspective that meet in edges, corners and T-junctions.
extension Painter {
    /// Fills a quadrilateral with a surface that follows its perspective.
    ///
    /// - Parameters:
    ///   - corners: top left, top right, bottom right, bottom left.
    ///   - density: how many of the surface's units fit along `unit` pixels, on average.
    mutating func panel(
        _ corners: [SIMD2<Float>], _ skin: Surface, light: Float, softness: Float = 1, grow: Float = 0.3
    ) {
        var shape = stencil(Polygon(points: corners), margin: softness + 2)
        if shape.isEmpty { return }
        shape.distances.withUnsafeMutableBufferPointer { for index in 0..<$0.count { $0[index] -= grow } }
        var skin = skin
        let top = corners[1] - corners[0]
        let side = corners[3] - corners[0]
        let scale =
            1 / max((skin.mapping.u.x * skin.mapping.u.x + skin.mapping.u.y * skin.mapping.u.y).squareRoot(), 1e-4)
        let across = (top.x * top.x + top.y * top.y).squareRoot() / scale
        let down = (side.x * side.x + side.y * side.y).squareRoot() / scale
        if let mapping = Mapping.onto(corners, across: max(across, 0.2), down: max(down, 0.2)) {
            skin.mapping = mapping
        }
        var shading = Shading.flat
        let middle = (corners[0] + corners[2]) * 0.5
        let reach = max(abs(corners[2].x - corners[0].x), abs(corners[2].y - corners[0].y), 16)
        shading.centreX = middle.x
        shading.centreY = middle.y
        shading.gradientX = random.uniform(-0.35...0.35) / reach
        shading.gradientY = random.uniform(-0.35...0.35) / reach
        canvas.paint(skin, in: shape, shading: shading, softness: softness)
        // The light of the plane as a whole.
        if light < 1 { canvas.veil(.zero, alpha: 1 - light, in: shape) }
    }

    /// The corner of a room or of a building: two walls and a floor or ceiling, with mouldings, doors and windows.
    mutating func paintRoom() {
        let corner = SIMD2(widthF * random.uniform(0.1...0.9), heightF * random.uniform(0.3...0.8))
        let far = 2 * (widthF + heightF)
        // The local functions below must not capture self, which is being changed.
        let unit = unit
        let heightF = heightF
        let lean = random.uniform(-0.08...0.08)
        let up = SIMD2(lean * far, -far)
        let leftSlope = random.uniform(-0.05...0.7)
        let rightSlope = random.uniform(-0.05...0.7)
        let flip: Float = random.chance(0.75) ? 1 : -1
        let left = SIMD2(-far, leftSlope * far)
        let right = SIMD2(far, rightSlope * far)
        func at(_ p: SIMD2<Float>) -> SIMD2<Float> { SIMD2(p.x, flip > 0 ? p.y : heightF - p.y) }
        let wall = surface(random.pick([.paint, .plaster, .paint, .concrete, .brick, .tile, .siding, .planks]))
        let other = random.chance(0.6) ? wall : surface(random.pick([.paint, .plaster, .stone]))
        let floor = surface(random.pick([.planks, .tile, .paint, .fabric, .pavement, .concrete, .wood]))
        let lights = [random.uniform(0.75...1), random.uniform(0.4...0.95), random.uniform(0.6...1)]
        panel([corner + left + up, corner + up, corner, corner + left].map(at), wall, light: lights[0])
        panel([corner + up, corner + right + up, corner + right, corner].map(at), other, light: lights[1])
        panel([corner, corner + right, corner + SIMD2(0, far * 1.5), corner + left].map(at), floor, light: lights[2])
        notes.material(wall.word)
        notes.material(floor.word)
        notes.background = "the corner of a room with \(Palette.name(of: wall.tone)) walls of \(wall.word)"
        if random.chance(0.6) {
            // Skirting boards: strips that follow the lower edges of both walls.
            let lift = SIMD2<Float>(lean, -1) * (unit * random.uniform(0.04...0.15))
            let board = surface(.paint)
            panel([corner + left + lift * 3, corner + lift, corner, corner + left].map(at), board, light: 0.95)
            panel([corner + lift, corner + right + lift * 3, corner + right, corner].map(at), board, light: 0.8)
        }
        for _ in 0..<random.integer(0...3) {
            // A frame on one of the walls: door, window or picture.
            let onRight = random.chance(0.5)
            let slope = onRight ? rightSlope : leftSlope
            let way: Float = onRight ? 1 : -1
            let near = unit * random.uniform(0.1...0.9)
            let broad = unit * random.uniform(0.3...1)
            let low = random.chance(0.4) ? 0 : unit * random.uniform(0.2...1)
            let high = low + unit * random.uniform(0.4...1.4)
            func point(_ x: Float, _ y: Float) -> SIMD2<Float> {
                at(corner + SIMD2(way * x + lean * y, slope * x * (1 - y / (3 * unit)) - y))
            }
            func quad(_ inset: Float) -> [SIMD2<Float>] {
                let x0 = near + inset
                let x1 = near + broad - inset
                return [
                    point(x0, high - inset), point(x1, high - inset), point(x1, low + inset), point(x0, low + inset),
                ]
            }
            frame(quad)
        }
        if random.chance(0.3) { castShadow() }
        if random.chance(0.25) { thing(sharp: random.chance(0.6)) }
    }

    /// Nested borders with something in the middle: window, door, picture, screen.
    private mutating func frame(_ quad: (Float) -> [SIMD2<Float>]) {
        let wide = unit * random.logUniform(0.015...0.08)
        panel(quad(0), surface(random.pick([.wood, .paint, .metal])), light: random.uniform(0.6...1))
        if random.chance(0.6) { panel(quad(wide * 0.5), surface(.paint), light: random.uniform(0.5...1)) }
        let inner = surface(random.pick([.paint, .sky, .foliage, .paper, .curtain, .blinds, .wood]))
        panel(quad(wide), inner, light: random.uniform(0.5...1))
        notes.material(inner.word)
        notes.things.append("a framed panel of \(inner.word)")
        if random.chance(0.5) {
            let q = quad(wide)
            let bars = [
                Stroke(from: (q[0] + q[1]) * 0.5, to: (q[2] + q[3]) * 0.5, radius: wide * 0.3),
                Stroke(from: (q[0] + q[3]) * 0.5, to: (q[1] + q[2]) * 0.5, radius: wide * 0.3),
            ]
            let skin = surface(.paint)
            canvas.paint(skin, in: Stencil(bars, width: width, height: height))
        }
    }

    /// Street fronts: buildings side by side before the sky, with windows in rows.
    mutating func paintBuildings() {
        sky()
        var x = -widthF * random.uniform(0...0.4)
        let base = heightF * random.uniform(0.7...1.3)
        let vanish = SIMD2(widthF * random.uniform(-1...2), heightF * random.uniform(0.3...0.9))
        let strength = random.chance(0.7) ? random.uniform(0...0.5) : 0
        func pull(_ p: SIMD2<Float>, _ amount: Float) -> SIMD2<Float> { p + (vanish - p) * amount }
        var first = true
        while x < widthF {
            let broad = unit * random.uniform(0.5...1.8)
            let top = base - unit * random.uniform(0.5...3)
            let near: Float = first ? strength * 0.3 : 0
            let wall = surface(random.pick([.facade, .facade, .facade, .brick, .plaster, .concrete, .siding]))
            let quad = [
                pull(SIMD2(x, top), near), pull(SIMD2(x + broad, top), strength * 0.5),
                pull(SIMD2(x + broad, base), strength * 0.5),
                pull(SIMD2(x, base), near),
            ]
            panel(quad, wall, light: random.uniform(0.5...1))
            if random.chance(0.6) {
                let roof = surface(random.pick([.shingle, .paint, .metal]))
                let lift = unit * random.uniform(0.05...0.3)
                let peak = random.chance(0.5)
                let ridge =
                    peak
                    ? [(quad[0] + quad[1]) * 0.5 - SIMD2(0, lift)]
                    : [quad[0] - SIMD2(0, lift * 0.3), quad[1] - SIMD2(0, lift * 0.3)]
                canvas.paint(roof, in: stencil(Polygon(points: ridge + [quad[1], quad[0]])), shading: slowLight())
            }
            notes.material(wall.word)
            notes.things.append("a \(Palette.name(of: wall.tone)) building with \(wall.word)")
            x += broad * random.uniform(0.8...1.3)
            first = false
        }
        if base < heightF {
            let ground = surface(random.pick([.pavement, .concrete, .grass, .water]))
            canvas.paint(ground, in: stencil(terrain(at: base, roughness: 0, angle: 0)), shading: slowLight())
            notes.material(ground.word)
        }
        if random.chance(0.5) { crossingLines(count: random.integer(1...4)) }
        if random.chance(0.2) { branches() }
    }

    /// A sign, page or screen with lines of marks like writing.
    mutating func paintSign() {
        switch random.integer(0...2) {
        case 0: softBackground()
        case 1: paintGround()
        default:
            let wall = surface(for: .wall)
            canvas.paint(wall, in: everywhere, shading: slowLight())
            notes.material(wall.word)
            notes.background = "a wall of \(wall.word)"
        }
        for _ in 0..<random.integer(1...2) {
            let at = place(outside: -0.1)
            let half = SIMD2(unit * random.logUniform(0.5...1.8), unit * random.logUniform(0.3...1.3))
            let turn = random.chance(0.6) ? random.uniform(-0.15...0.15) : random.angle()
            let skew = random.uniform(-0.25...0.25)
            let c = PortableMath.cos(turn)
            let s = PortableMath.sin(turn)
            func point(_ x: Float, _ y: Float) -> SIMD2<Float> {
                let grown = 1 + skew * x
                let px = x * half.x
                let py = y * half.y * grown
                return at + SIMD2(px * c - py * s, px * s + py * c)
            }
            let corners = [point(-1, -1), point(1, -1), point(1, 1), point(-1, 1)]
            let board = surface(random.pick([.paper, .paint, .metal, .wood, .ceramic]))
            let shadow = stencil(Polygon(points: corners), margin: 8)
            canvas.shade(
                shadow, moveX: Int(-light.x * 4), moveY: Int(-light.y * 4), softness: random.uniform(1.5...8),
                opacity: random.uniform(0...0.7))
            panel(corners, board, light: 1)
            writing(half: half, dark: board.tone.luminance > 0.25, point)
            notes.material(board.word)
            notes.material("letters")
            notes.things.append("a \(Palette.name(of: board.tone)) \(board.word) sign with letters")
        }
    }

    /// Rows of letter-like strokes in the square -1...1 of `point`.
    private mutating func writing(half: SIMD2<Float>, dark: Bool, _ point: (Float, Float) -> SIMD2<Float>) {
        let rowHeight = random.logUniform(0.12...0.9)
        let letter = rowHeight * 0.62 * half.y
        let advance = letter * random.uniform(0.65...0.95) / half.x
        let weight = letter * random.uniform(0.05...0.13)
        var strokes: [Stroke] = []
        var y = -0.9 + rowHeight / 2
        while y < 0.9, strokes.count < 500 {
            var x: Float = -0.88
            let end = random.uniform(0.1...0.88)
            while x < end {
                if random.chance(0.15) {
                    x += advance
                    continue
                }
                let w = advance * 0.36
                let h = rowHeight * 0.31
                let nodes = [-1, 0, 1].flatMap { row in [-1, 1].map { SIMD2(x + Float($0) * w, y + Float(row) * h) } }
                var from = random.integer(0...5)
                for _ in 0..<random.integer(2...4) {
                    let to = (from + random.integer(1...5)) % 6
                    let a = point(nodes[from].x, nodes[from].y)
                    let b = point(nodes[to].x, nodes[to].y)
                    if random.chance(0.35) {
                        let bulge = SIMD2(b.y - a.y, a.x - b.x) * 0.5
                        strokes.append(Stroke(from: a, over: (a + b) * 0.5 + bulge, to: b, radius: weight))
                    } else {
                        strokes.append(Stroke(from: a, to: b, radius: weight))
                    }
                    from = to
                }
                x += advance
            }
            y += rowHeight
        }
        if strokes.isEmpty { return }
        let color =
            dark
            ? palette.vary(SIMD3(0.12, 0.12, 0.14), &random, by: 0.4) : palette.vary(SIMD3(0.9, 0.9, 0.86), &random)
        let ink = random.chance(0.75) ? color : palette.color(&random, accent: 1)
        canvas.paint(
            flat(ink), .turned(scale: 1), in: Stencil(strokes, width: width, height: height), shading: .flat,
            as: .letters)
    }
}
