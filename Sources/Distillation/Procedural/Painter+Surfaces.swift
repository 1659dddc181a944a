/// The catalogue of surfaces: each with colours that suit it and the scene's palette.
extension Painter {
    /// What a surface may be used for.
    enum SurfaceUse {
        case wall, ground, object, soft
    }

    private mutating func shifted(_ color: Pixel, by amount: Float) -> Pixel {
        let factor = PortableMath.exp(amount * random.uniform(0.4...1) * (random.chance(0.5) ? 1 : -1))
        return Pixel(
            red: min(color.x * factor * random.uniform(0.93...1.07), 1), green: min(color.y * factor, 1),
            blue: min(color.z * factor * random.uniform(0.93...1.07), 1))
    }

    private mutating func named(_ family: String, by: Float = 0.25) -> Pixel {
        let found = Palette.families.first { $0.name == family } ?? palette.family
        return palette.vary(random.pick(found.colors), &random, by: by)
    }

    /// Mostly the named family, at times the scene's own.
    private mutating func tone(_ families: [String], own: Float = 0.35) -> Pixel {
        random.chance(own) ? palette.color(&random) : named(random.pick(families))
    }

    mutating func surface(for use: SurfaceUse) -> Surface {
        switch use {
        case .wall:
            return surface(
                random.pick([
                    "plaster", "brick", "tile", "wood", "concrete", "stone", "paint", "paint", "metal", "facade",
                    "planks",
                    "curtain", "bark", "shingle", "rock", "peeling paint", "moss", "blinds", "siding", "books",
                    "lichen",
                ]))
        case .ground:
            return surface(
                random.pick([
                    "grass", "sand", "gravel", "soil", "pavement", "wood", "water", "snow", "concrete", "planks",
                    "tile",
                    "fabric", "moss", "steps", "lichen", "grass", "gravel",
                ]))
        case .object:
            return surface(
                random.pick([
                    "paint", "paint", "paint", "ceramic", "ceramic", "wood", "fabric", "metal", "stone", "plaster",
                    "leather",
                    "paper", "stripes", "checks", "fur", "skin", "foliage", "plaid", "concrete", "rust", "turned wood",
                    "glaze", "glaze", "stone", "moss",
                ]))
        case .soft:
            return surface(random.pick(["paint", "ceramic", "skin", "paper", "sky", "paint", "plaster"]))
        }
    }

    /// The surface of the given material word.
    mutating func surface(_ word: String) -> Surface {
        let noise = LatticeNoise(&random)
        let place = place()
        let angle = random.chance(0.5) ? random.uniform(-0.08...0.08) : random.angle()
        let lightX = light.x
        let lightY = light.y
        func map(_ pixels: Float, _ angle: Float) -> Mapping {
            Mapping.turned(scale: max(pixels, 1), angle: angle, x: place.x, y: place.y)
        }
        func rough(
            _ base: Pixel, _ other: Pixel, octaves: Int = 6, gain: Float, relief: Float, mottle: Float,
            ridged: Bool = false,
            grain: Float = 1
        ) -> Surface.Kind {
            .rough(
                RoughMaterial(
                    base: base, other: other, noise: noise, octaves: octaves, gain: gain, relief: relief,
                    mottle: mottle,
                    ridged: ridged, grain: grain, lightX: lightX, lightY: lightY))
        }
        switch word {
        case "plaster", "paper", "ceramic", "skin", "sky":
            let base: Pixel
            switch word {
            case "skin": base = named("skin")
            case "sky": base = tone(["sky and sand", "overcast", "sea"], own: 0.1)
            case "ceramic": base = tone(["red ceramic", "white room", "sea"])
            default: base = tone(["white room", "concrete", "gray"])
            }
            let fine = word == "plaster" || word == "paper"
            return Surface(
                kind: .plain(
                    PlainMaterial(
                        base: base, other: shifted(base, by: fine ? 0.25 : 0.2), noise: noise,
                        mottle: random.uniform(0...0.5), octaves: fine ? 6 : 2, gain: fine ? 0.6 : 0.4)),
                mapping: map(unit * random.logUniform(0.2...2), angle), word: word, tone: base)
        case "brick":
            let stone =
                random.chance(0.6) ? palette.vary(SIMD3(0.58, 0.33, 0.25), &random, by: 0.3) : palette.color(&random)
            let other = shifted(stone, by: 0.5)
            return course(
                stone, other, joint: tone(["concrete"]), noise, aspect: random.uniform(2.2...3.6), stagger: 0.5,
                joint: random.uniform(0.04...0.11), variety: random.uniform(0.2...0.8),
                roughness: random.uniform(0.2...0.8),
                bevel: random.uniform(0...0.3),
                map: map(unit * random.logUniform(0.07...0.4), random.uniform(-0.1...0.1)),
                word: word)
        case "tile":
            let stone = tone(["white room", "sea", "concrete"])
            return course(
                stone, shifted(stone, by: 0.15), joint: tone(["concrete", "gray"]), noise,
                aspect: random.chance(0.6) ? 1 : random.uniform(1...3), stagger: random.chance(0.7) ? 0 : 0.5,
                joint: random.uniform(0.012...0.05), variety: random.uniform(0...0.3),
                roughness: random.uniform(0...0.2),
                bevel: random.uniform(0...0.35), map: map(unit * random.logUniform(0.12...0.9), angle), word: word)
        case "pavement":
            let stone = tone(["concrete", "gray", "earth"])
            return course(
                stone, shifted(stone, by: 0.3), joint: shifted(stone.lit(0.4), by: 0.2), noise,
                aspect: random.uniform(1...2.2), stagger: random.pick([0, 0.5]), joint: random.uniform(0.02...0.07),
                variety: random.uniform(0.1...0.5), roughness: random.uniform(0.3...0.9),
                bevel: random.uniform(0...0.3),
                map: map(unit * random.logUniform(0.12...0.6), angle), word: word)
        case "shingle":
            let stone = tone(["earth", "gray", "red ceramic"])
            return course(
                stone, shifted(stone, by: 0.4), joint: stone.lit(0.25), noise, aspect: random.uniform(0.7...1.6),
                stagger: 0.5, joint: random.uniform(0.03...0.06), variety: random.uniform(0.2...0.6), roughness: 0.5,
                bevel: 0.3,
                map: map(unit * random.logUniform(0.1...0.35), angle), word: word)
        case "wood", "planks":
            let base = tone(["warm indoor", "earth", "painted wood"], own: 0.2)
            return Surface(
                kind: .wood(
                    WoodMaterial(
                        base: base, dark: base.lit(random.uniform(0.35...0.75)), noise: noise,
                        rings: random.uniform(3...12),
                        boards: word == "planks" ? random.uniform(1...3) : 0, gap: random.uniform(0.012...0.04))),
                mapping: map(unit * random.logUniform(0.35...1.3), angle), word: word, tone: base)
        case "concrete":
            let base = tone(["concrete", "gray"], own: 0.1)
            return Surface(
                kind: rough(
                    base, shifted(base, by: 0.3), octaves: 7, gain: random.uniform(0.45...0.75),
                    relief: random.uniform(0.1...0.6),
                    mottle: random.uniform(0.2...0.9)),
                mapping: map(unit * random.logUniform(0.2...1.2), angle), word: word, tone: base)
        case "stone", "rock":
            let base = tone(["gray", "earth", "concrete"], own: 0.15)
            return Surface(
                kind: rough(
                    base, shifted(base, by: 0.45), octaves: 7, gain: random.uniform(0.5...0.7),
                    relief: random.uniform(0.7...2.2),
                    mottle: random.uniform(0.2...0.9), ridged: word == "rock" || random.chance(0.3),
                    grain: random.logUniform(0.5...2)),
                mapping: map(unit * random.logUniform(0.2...1.1), angle), word: word, tone: base)
        case "bark":
            let base = tone(["earth", "autumn", "gray"], own: 0.1)
            return Surface(
                kind: rough(
                    base, shifted(base, by: 0.5), gain: random.uniform(0.5...0.7), relief: random.uniform(0.7...1.6),
                    mottle: 0.6,
                    ridged: true, grain: random.uniform(0.15...0.35)),
                mapping: map(unit * random.logUniform(0.3...0.9), random.uniform(-0.2...0.2)), word: word, tone: base)
        case "snow", "sand", "soil", "rust", "leather":
            let families: [String: [String]] = [
                "snow": ["snow"], "sand": ["sky and sand", "earth"], "soil": ["earth", "warm indoor"],
                "rust": ["autumn"],
                "leather": ["warm indoor", "night"],
            ]
            let base = tone(families[word] ?? ["earth"], own: 0)
            let fine = word == "sand" || word == "soil"
            return Surface(
                kind: rough(
                    base, shifted(base, by: word == "snow" ? 0.12 : 0.35), octaves: 7,
                    gain: fine ? random.uniform(0.6...0.85) : 0.5,
                    relief: word == "snow" ? random.uniform(0.1...0.5) : random.uniform(0.3...1.1),
                    mottle: random.uniform(0.2...0.8),
                    grain: word == "sand" ? random.uniform(1...4) : 1),
                mapping: map(unit * random.logUniform(0.1...0.8), angle), word: word, tone: base)
        case "grass", "fur":
            let base = word == "grass" ? named("foliage") : tone(["warm indoor", "gray", "earth", "night"], own: 0.2)
            return Surface(
                kind: .strand(
                    StrandMaterial(
                        light: shifted(base, by: 0.1).lit(random.uniform(1.1...1.7)),
                        dark: base.lit(random.uniform(0.15...0.6)),
                        noise: noise, length: random.logUniform(3...14), sway: random.uniform(0.2...1.3),
                        contrast: random.uniform(0.4...1.2))),
                mapping: map(
                    random.logUniform(1.4...7), word == "grass" ? random.uniform(-0.25...0.25) : random.angle()),
                word: word, tone: base)
        case "gravel", "foliage":
            let base = word == "gravel" ? tone(["gray", "earth", "concrete"], own: 0.1) : named("foliage")
            return Surface(
                kind: .cell(
                    CellMaterial(
                        base: base, other: shifted(base, by: 0.5), gap: base.lit(random.uniform(0.08...0.4)),
                        noise: noise,
                        variety: random.uniform(0.3...1), gapWidth: random.uniform(0...0.12),
                        bulge: random.uniform(0.2...0.9),
                        lightX: lightX, lightY: lightY)),
                mapping: map(unit * random.logUniform(0.025...0.22), angle).stretched(random.uniform(0.7...1.5), 1),
                word: word,
                tone: base)
        case "water":
            let base = tone(["sea", "night", "sky and sand"], own: 0.1)
            return Surface(
                kind: .water(
                    WaterMaterial(
                        deep: base.lit(0.6), sky: named("overcast"), noise: noise,
                        choppiness: random.uniform(0.15...0.9))),
                mapping: map(unit * random.logUniform(0.15...0.9), random.uniform(-0.05...0.05)), word: word, tone: base
            )
        case "metal":
            let base = tone(["metal"], own: 0.1)
            return Surface(
                kind: .brushed(
                    BrushedMaterial(
                        base: base.lit(0.6), bright: shifted(base, by: 0.2).lit(1.4), noise: noise,
                        marks: random.uniform(0...0.7),
                        reflections: random.uniform(0.3...1))),
                mapping: map(unit * random.logUniform(0.2...0.9), angle), word: word, tone: base)
        case "facade":
            let base = palette.color(&random)
            return Surface(
                kind: .facade(
                    FacadeMaterial(
                        wall: base, glass: named("night", by: 0.5), frame: named("white room"), noise: noise,
                        halfWidth: random.uniform(0.2...0.4), halfHeight: random.uniform(0.22...0.42),
                        frameWidth: random.uniform(0.015...0.05))),
                mapping: map(unit * random.logUniform(0.15...0.9), random.uniform(-0.06...0.06)).stretched(
                    1, random.uniform(0.9...1.6)), word: "windows", tone: base)
        case "curtain", "corrugated metal":
            let base = palette.color(&random)
            return Surface(
                kind: .fold(
                    FoldMaterial(
                        base: base, noise: noise, depth: random.uniform(0.15...0.6),
                        irregular: word == "curtain" ? random.uniform(0.2...1) : 0)),
                mapping: map(unit * random.logUniform(0.06...0.5), random.uniform(-0.1...0.1)), word: word, tone: base)
        case "fabric":
            let base = palette.color(&random)
            return Surface(
                kind: .weave(
                    WeaveMaterial(
                        warpThread: base, weftThread: shifted(base, by: 0.4), noise: noise, twill: random.chance(0.4))),
                mapping: map(random.logUniform(1.2...9), random.angle()), word: word, tone: base)
        case "turned wood", "glaze":
            let base =
                word == "glaze" ? palette.color(&random, accent: 0.4) : tone(["warm indoor", "autumn"], own: 0.1)
            return Surface(
                kind: .ring(
                    RingMaterial(
                        base: base, dark: base.lit(random.uniform(0.3...0.8)), noise: noise,
                        rings: random.logUniform(6...30), contrast: random.uniform(0.3...1.1),
                        wander: random.uniform(0...1))),
                mapping: map(unit * random.logUniform(0.4...1.2), angle).stretched(random.uniform(1...1.8), 1),
                word: word,
                tone: base)
        case "snowy rock", "moss", "peeling paint", "lichen":
            let families: [String: (String, String)] = [
                "snowy rock": ("gray", "snow"), "moss": ("earth", "foliage"),
                "peeling paint": ("painted wood", "concrete"),
                "lichen": ("gray", "autumn"),
            ]
            let pair = families[word] ?? ("gray", "earth")
            let first = named(pair.0)
            let second = named(pair.1)
            func half(_ color: Pixel, _ relief: Float) -> RoughMaterial {
                RoughMaterial(
                    base: color, other: color.lit(0.6), noise: noise, octaves: 6, gain: 0.6, relief: relief,
                    mottle: 0.6,
                    ridged: false, grain: 1, lightX: lightX, lightY: lightY)
            }
            return Surface(
                kind: .patch(
                    PatchMaterial(
                        first: half(first, random.uniform(0.4...1.4)), second: half(second, random.uniform(0.1...0.9)),
                        noise: LatticeNoise(&random), share: random.uniform(0.3...0.7),
                        sharpness: random.logUniform(0.7...6))),
                mapping: map(unit * random.logUniform(0.2...0.9), angle), word: word, tone: first)
        case "blinds", "siding", "steps", "books":
            let base = palette.color(&random, accent: 0.25)
            let varied = word == "books"
            return Surface(
                kind: .slat(
                    SlatMaterial(
                        base: base, other: varied ? palette.color(&random, accent: 0.5) : shifted(base, by: 0.15),
                        noise: noise,
                        gap: random.uniform(0.015...0.1), ramp: random.uniform(-0.7...0.7),
                        variety: varied ? 1 : random.uniform(0...0.3))),
                mapping: map(
                    unit * random.logUniform(0.05...0.45),
                    word == "books" ? .pi / 2 + random.uniform(-0.1...0.1) : random.uniform(-0.3...0.3)), word: word,
                tone: base)
        case "stripes", "checks", "plaid":
            let base = palette.color(&random)
            let other = palette.color(&random, accent: 0.3)
            return Surface(
                kind: .stripe(
                    StripeMaterial(
                        first: base, second: other, third: palette.color(&random), duty: random.uniform(0.2...0.6),
                        kind: word == "stripes" ? 0 : word == "checks" ? 1 : 2, noise: noise)),
                mapping: map(unit * random.logUniform(0.05...0.5), random.chance(0.4) ? angle : random.angle()),
                word: word,
                tone: base)
        default:
            let base = palette.color(&random)
            return Surface(
                kind: .plain(
                    PlainMaterial(
                        base: base, other: shifted(base, by: 0.25), noise: noise, mottle: random.uniform(0...0.4),
                        octaves: random.integer(1...5), gain: 0.5)),
                mapping: map(unit * random.logUniform(0.3...2), angle), word: "paint", tone: base)
        }
    }

    private func course(
        _ stone: Pixel, _ other: Pixel, joint: Pixel, _ noise: LatticeNoise, aspect: Float, stagger: Float,
        joint half: Float,
        variety: Float, roughness: Float, bevel: Float, map: Mapping, word: String
    ) -> Surface {
        Surface(
            kind: .course(
                CourseMaterial(
                    stone: stone, other: other, joint: joint, noise: noise, aspect: aspect, stagger: stagger,
                    halfJoint: half,
                    variety: variety, roughness: roughness, bevel: bevel)),
            mapping: map, word: word, tone: stone)
    }
}
