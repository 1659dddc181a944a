/// Surfaces of buildings and streets.
extension Painter {
    mutating func brickSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let stone =
            random.chance(0.6) ? palette.vary(SIMD3(0.58, 0.33, 0.25), &random, by: 0.3) : palette.color(&random)
        let other = shifted(stone, by: 0.5)
        return course(
            stone, other, joint: tone([.concrete]), spot.noise, aspect: random.uniform(2.2...3.6), stagger: 0.5,
            joint: random.uniform(0.04...0.11), variety: random.uniform(0.2...0.8),
            roughness: random.uniform(0.2...0.8),
            bevel: random.uniform(0...0.3),
            map: spot.map(unit * random.logUniform(0.07...0.4), random.uniform(-0.1...0.1)),
            word: word)
    }

    mutating func tileSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let stone = tone([.whiteRoom, .sea, .concrete])
        return course(
            stone, shifted(stone, by: 0.15), joint: tone([.concrete, .gray]), spot.noise,
            aspect: random.chance(0.6) ? 1 : random.uniform(1...3), stagger: random.chance(0.7) ? 0 : 0.5,
            joint: random.uniform(0.012...0.05), variety: random.uniform(0...0.3),
            roughness: random.uniform(0...0.2),
            bevel: random.uniform(0...0.35), map: spot.map(unit * random.logUniform(0.12...0.9), spot.angle),
            word: word)
    }

    mutating func pavementSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let stone = tone([.concrete, .gray, .earth])
        return course(
            stone, shifted(stone, by: 0.3), joint: shifted(stone.lit(0.4), by: 0.2), spot.noise,
            aspect: random.uniform(1...2.2), stagger: random.pick([0, 0.5]), joint: random.uniform(0.02...0.07),
            variety: random.uniform(0.1...0.5), roughness: random.uniform(0.3...0.9),
            bevel: random.uniform(0...0.3),
            map: spot.map(unit * random.logUniform(0.12...0.6), spot.angle), word: word)
    }

    mutating func shingleSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let stone = tone([.earth, .gray, .redCeramic])
        return course(
            stone, shifted(stone, by: 0.4), joint: stone.lit(0.25), spot.noise, aspect: random.uniform(0.7...1.6),
            stagger: 0.5, joint: random.uniform(0.03...0.06), variety: random.uniform(0.2...0.6), roughness: 0.5,
            bevel: 0.3,
            map: spot.map(unit * random.logUniform(0.1...0.35), spot.angle), word: word)
    }

    /// Wood, whole or in planks.
    mutating func woodSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let base = tone([.warmIndoor, .earth, .paintedWood], own: 0.2)
        return Surface(
            kind: .wood(
                WoodMaterial(
                    base: base, dark: base.lit(random.uniform(0.35...0.75)), noise: spot.noise,
                    rings: random.uniform(3...12),
                    boards: word == .planks ? random.uniform(1...3) : 0, gap: random.uniform(0.012...0.04))),
            mapping: spot.map(unit * random.logUniform(0.35...1.3), spot.angle), word: word.rawValue, tone: base)
    }

    mutating func concreteSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let base = tone([.concrete, .gray], own: 0.1)
        return Surface(
            kind: rough(
                spot, base, shifted(base, by: 0.3), octaves: 7, gain: random.uniform(0.45...0.75),
                relief: random.uniform(0.1...0.6),
                mottle: random.uniform(0.2...0.9)),
            mapping: spot.map(unit * random.logUniform(0.2...1.2), spot.angle), word: word.rawValue, tone: base)
    }

    mutating func facadeSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let base = palette.color(&random)
        return Surface(
            kind: .facade(
                FacadeMaterial(
                    wall: base, glass: named(.night, by: 0.5), frame: named(.whiteRoom), noise: spot.noise,
                    halfWidth: random.uniform(0.2...0.4), halfHeight: random.uniform(0.22...0.42),
                    frameWidth: random.uniform(0.015...0.05))),
            mapping: spot.map(unit * random.logUniform(0.15...0.9), random.uniform(-0.06...0.06)).stretched(
                1, random.uniform(0.9...1.6)), word: word.rawValue, tone: base)
    }

    /// Rows of slats, boards, steps or spines.
    mutating func slatSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let base = palette.color(&random, accent: 0.25)
        let varied = word == .books
        return Surface(
            kind: .slat(
                SlatMaterial(
                    base: base, other: varied ? palette.color(&random, accent: 0.5) : shifted(base, by: 0.15),
                    noise: spot.noise,
                    gap: random.uniform(0.015...0.1), ramp: random.uniform(-0.7...0.7),
                    variety: varied ? 1 : random.uniform(0...0.3))),
            mapping: spot.map(
                unit * random.logUniform(0.05...0.45),
                word == .books ? .pi / 2 + random.uniform(-0.1...0.1) : random.uniform(-0.3...0.3)),
            word: word.rawValue,
            tone: base)
    }

    /// Curtains and corrugated sheets.
    mutating func foldSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let base = palette.color(&random)
        return Surface(
            kind: .fold(
                FoldMaterial(
                    base: base, noise: spot.noise, depth: random.uniform(0.15...0.6),
                    irregular: word == .curtain ? random.uniform(0.2...1) : 0)),
            mapping: spot.map(unit * random.logUniform(0.06...0.5), random.uniform(-0.1...0.1)), word: word.rawValue,
            tone: base)
    }

    private func course(
        _ stone: Pixel, _ other: Pixel, joint: Pixel, _ noise: LatticeNoise, aspect: Float, stagger: Float,
        joint half: Float,
        variety: Float, roughness: Float, bevel: Float, map: Mapping, word: Substance
    ) -> Surface {
        Surface(
            kind: .course(
                CourseMaterial(
                    stone: stone, other: other, joint: joint, noise: noise, aspect: aspect, stagger: stagger,
                    halfJoint: half,
                    variety: variety, roughness: roughness, bevel: bevel)),
            mapping: map, word: word.rawValue, tone: stone)
    }
}
