/// The kinds of scenes and how often each is painted.
extension Painter {
    /// How often each recipe is painted, in the order of the switch below. About a third of the pictures is mostly
    /// smooth or out of focus; another third has single edges and lines over something smooth.
    private static let shares: [Float] = [
        0.2, 0.12, 0.11, 0.09, 0.09, 0.06, 0.05, 0.05, 0.04, 0.04, 0.025, 0.025, 0.03, 0.03, 0.1,
    ]

    mutating func paintRecipe() {
        paintOneRecipe()
        // Larger crops of photos show several things at once.
        let more = min((crowd - 1) * 1.6 * random.unit(), 4) + (random.chance(0.08) ? 1 : 0)
        for _ in 0..<Int(more + random.unit() * 0.5) { addition() }
    }

    /// Something more, in front of what is there.
    private mutating func addition() {
        switch random.index(weights: [0.24, 0.16, 0.14, 0.12, 0.14, 0.08, 0.12]) {
        case 0: thing(sharp: random.chance(0.75))
        case 1: rim()
        case 2: crossingLines(count: random.integer(1...3))
        case 3: branches()
        case 4: for _ in 0..<random.integer(1...6) { figure(size: unit * random.logUniform(0.1...1.5)) }
        case 5: weather()
        default: region()
        }
    }

    /// A part of the picture that is something else altogether, up to a straight or ragged edge.
    private mutating func region() {
        let skin = surface(for: random.pick([.wall, .ground, .object]))
        let roughness: Float = random.chance(0.5) ? 0 : random.uniform(0.05...0.3)
        let edge = stencil(
            terrain(at: heightF * random.uniform(-0.1...0.4), roughness: roughness, angle: random.angle()), margin: 8)
        if random.chance(0.5) {
            canvas.shade(
                edge, moveX: Int(-light.x * 6), moveY: Int(-light.y * 6), softness: random.uniform(2...10), opacity: 0.5
            )
        }
        let softness: Float = random.chance(0.8) ? 1 : random.uniform(1...6)
        canvas.paint(skin, in: edge, shading: slowLight(strength: 0.9), softness: softness)
        notes.material(skin.word)
        notes.things.append("a part of \(skin.word)")
    }

    private mutating func paintOneRecipe() {
        switch random.index(weights: Self.shares) {
        case 0: paintSmooth()
        case 1: paintLeaves()
        case 2: paintLines()
        case 3: paintLandscape()
        case 4: paintTable()
        case 5: paintWall()
        case 6: paintPlants()
        case 7: paintCloseUp()
        case 8: paintAnimal()
        case 9: paintRoom()
        case 10: paintBuildings()
        case 11: paintSign()
        case 12: paintPile()
        case 13: paintMeadow()
        default: paintRims()
        }
    }

    /// Soft light, soft shapes, out of focus; little or nothing sharp in it.
    mutating func paintSmooth() {
        softBackground()
        if random.chance(0.25) { thing(sharp: true) }
        if random.chance(0.25) { crossingLines(count: random.integer(1...3)) }
    }

    /// Figures of all sizes that hide each other, each with its own surface: the statistics of occlusion in photos.
    mutating func paintLeaves() {
        let back = surface(for: random.chance(0.5) ? .wall : .object)
        canvas.paint(back, in: everywhere, shading: slowLight())
        notes.material(back.word)
        notes.background = "a \(Palette.name(of: back.tone)) \(back.word) background"
        let largest = 2.2 * max(widthF, heightF, unit)
        let smallest: Float = random.logUniform(4...30)
        let count = many(6...40)
        let focus = random.unit()
        let blurBehind = random.chance(0.4) ? random.uniform(0...4) : 0
        for index in 0..<count {
            // Sizes with density r^-3 are drawn from the largest (behind) to the smallest (in front), roughly.
            let t = Float(index) / Float(count)
            let size = PortableMath.pow(
                PortableMath.mix(
                    PortableMath.pow(largest, -1.2), PortableMath.pow(smallest, -1.2), random.unit() * (0.3 + 0.7 * t)),
                -1 / 1.2)
            figure(size: size, blur: abs(t - focus) * blurBehind)
            if blurBehind > 1, index == count / 3 { canvas.blur(sigma: blurBehind) }
        }
    }

    /// Rims of dishes, lamps, clocks and furniture: long arcs and straight edges with their bright and dark lines,
    /// lips and shadows, over plain surfaces.
    mutating func paintRims() {
        softBackground()
        if random.chance(0.5) { canvas.blur(sigma: random.logUniform(1...6)) }
        for _ in 0..<many(1...3) { rim() }
        if random.chance(0.3) { castShadow() }
        if random.chance(0.25) { crossingLines(count: random.integer(1...2)) }
        if random.chance(0.2) { weather() }
    }

    /// Wires, poles and branches before a sky or another soft background.
    mutating func paintLines() {
        if random.chance(0.5) { sky() } else { softBackground() }
        crossingLines(count: many(1...7))
        if random.chance(0.4) { branches() }
        if random.chance(0.3) { crossingLines(count: random.integer(1...3)) }
    }

    /// Sky, ridges, ground.
    mutating func paintLandscape() {
        sky()
        let horizon = heightF * random.uniform(0.15...0.85)
        let ridges = random.integer(0...3)
        var hazeLeft = random.uniform(0.1...0.7)
        for index in 0..<ridges {
            let word = random.pick([Substance.rock, .foliage, .stone, .snowyRock, .foliage, .rock, .grass])
            let land = surface(word)
            let lift = unit * random.uniform(0.05...0.6) * Float(ridges - index) / Float(ridges)
            var edge = stencil(terrain(at: horizon - lift, roughness: random.uniform(0.05...0.5), angle: 0))
            edge.roughen(LatticeNoise(&random), amplitude: random.uniform(0...2.5), scale: 6)
            canvas.paint(land, in: edge, shading: slowLight(), softness: random.uniform(1...2))
            let air = Pixel(red: 0.5, green: 0.56, blue: 0.64) * hazeLeft
            canvas.veil(air, alpha: hazeLeft, in: edge)
            hazeLeft *= 0.5
            notes.material(land.word)
            notes.things.append("a ridge of \(land.word)")
        }
        var ground = surface(for: .ground)
        let tilt = random.uniform(0.3...1.2) / max(heightF - horizon, 20)
        ground.mapping = ground.mapping.receding(tiltX: 0, tiltY: tilt, x: widthF / 2, y: heightF)
        let flat = random.chance(0.6)
        let edge = stencil(
            terrain(
                at: horizon, roughness: flat ? 0 : random.uniform(0...0.15),
                angle: flat ? random.uniform(-0.04...0.04) : 0))
        canvas.paint(ground, in: edge, shading: slowLight(), softness: random.uniform(1...2.5))
        notes.material(ground.word)
        notes.background = "\(ground.word) under the sky"
        if random.chance(0.3) { crossingLines(count: random.integer(1...3)) }
        if random.chance(0.3) { thing(sharp: true) }
        if random.chance(0.2) { branches() }
        if random.chance(0.08) { fence() }
    }

    /// Dishes, boxes and fruit with shadows on a table or a floor.
    mutating func paintTable() {
        var top = surface(for: random.chance(0.6) ? .ground : .soft)
        if random.chance(0.6) {
            let tilt = random.uniform(0...0.6) / heightF
            top.mapping = top.mapping.receding(tiltX: 0, tiltY: tilt, x: widthF / 2, y: heightF / 2)
        }
        canvas.paint(top, in: everywhere, shading: slowLight(strength: 0.8))
        notes.material(top.word)
        notes.background = "\(top.word)"
        if random.chance(0.3) {
            let wall = surface(for: .wall)
            canvas.paint(
                wall, in: stencil(terrain(at: -heightF * random.uniform(0.2...0.5), roughness: 0, angle: .pi)),
                shading: slowLight())
            notes.material(wall.word)
        }
        if random.chance(0.35) { weather() }
        if random.chance(0.35) { canvas.blur(sigma: random.uniform(0.5...3)) }
        for _ in 0..<many(1...4) { thing(sharp: random.chance(0.8)) }
        if random.chance(0.25) { castShadow() }
    }

    /// A wall, fence or facade seen at an angle, with something before it.
    mutating func paintWall() {
        var wall = surface(for: .wall)
        if random.chance(0.6) {
            let tilt = random.uniform(-0.7...0.7) / max(widthF, heightF)
            let tiltX = random.chance(0.7) ? tilt : 0
            wall.mapping = wall.mapping.receding(tiltX: tiltX, tiltY: tilt - tiltX, x: widthF / 2, y: heightF / 2)
        }
        canvas.paint(wall, in: everywhere, shading: slowLight(strength: 0.8))
        notes.material(wall.word)
        notes.background = "a \(Palette.name(of: wall.tone)) wall of \(wall.word)"
        if random.chance(0.4) { castShadow() }
        if random.chance(0.3) { canvas.blur(sigma: random.uniform(0.6...3)) }
        if random.chance(0.35) { weather() }
        switch random.index(weights: [0.22, 0.16, 0.18, 0.12, 0.32]) {
        case 0: crossingLines(count: many(1...5))
        case 1: branches()
        case 2: thing(sharp: true)
        case 3: fence()
        default: break
        }
    }

    /// Stems, leaves and blades before a blurred meadow.
    mutating func paintPlants() {
        softBackground()
        for _ in 0..<many(0...2) { branches() }
        let count = many(2...14)
        for index in 0..<count {
            let near = Float(index) / Float(count)
            blade(blur: random.chance(0.5) ? 0 : (1 - near) * 3)
        }
    }

    /// One material and nothing else.
    mutating func paintSwatch(_ substance: Substance) {
        let skin = surface(substance)
        canvas.paint(skin, in: everywhere, shading: slowLight(strength: 0.6))
        notes.material(skin.word)
        notes.background = skin.word
    }

    /// One texture that fills the picture, perhaps with an edge or a shadow across.
    mutating func paintCloseUp() {
        var first = surface(for: random.pick([.wall, .ground, .object]))
        first.mapping.warp = random.chance(0.4) ? random.uniform(0...0.12) : 0
        first.mapping.warpScale = random.uniform(0.3...1.5)
        canvas.paint(first, in: everywhere, shading: slowLight(strength: 0.9))
        notes.material(first.word)
        notes.background = "a close view of \(Palette.name(of: first.tone)) \(first.word)"
        if random.chance(0.5) {
            let second = surface(for: random.pick([.wall, .ground, .object]))
            let edge = stencil(
                terrain(
                    at: heightF * random.uniform(-0.2...0.2), roughness: random.chance(0.5) ? 0 : 0.2,
                    angle: random.angle()), margin: 8)
            if random.chance(0.6) {
                canvas.shade(
                    edge, moveX: Int(-light.x * 6), moveY: Int(-light.y * 6), softness: random.uniform(2...10),
                    opacity: 0.6)
            }
            canvas.paint(second, in: edge, shading: slowLight(strength: 0.9))
            notes.material(second.word)
            notes.things.append("an edge of \(second.word)")
        }
        for _ in 0..<many(0...2) { weather() }
        if random.chance(0.3) { castShadow() }
    }
}
