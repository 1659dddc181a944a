/// Surfaces of things that are made: painted, woven, turned, printed.
extension Painter {
    mutating func paintSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let base = palette.color(&random)
        return Surface(
            kind: .plain(
                PlainMaterial(
                    base: base, other: shifted(base, by: 0.25), noise: spot.noise, mottle: random.uniform(0...0.4),
                    octaves: random.integer(1...5), gain: 0.5)),
            mapping: spot.map(unit * random.logUniform(0.3...2), spot.angle), word: word.rawValue, tone: base)
    }

    mutating func metalSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let base = tone([.metal], own: 0.1)
        return Surface(
            kind: .brushed(
                BrushedMaterial(
                    base: base.lit(0.6), bright: shifted(base, by: 0.2).lit(1.4), noise: spot.noise,
                    marks: random.uniform(0...0.7),
                    reflections: random.uniform(0.3...1))),
            mapping: spot.map(unit * random.logUniform(0.2...0.9), spot.angle), word: word.rawValue, tone: base)
    }

    mutating func fabricSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let base = palette.color(&random)
        return Surface(
            kind: .weave(
                WeaveMaterial(
                    warpThread: base, weftThread: shifted(base, by: 0.4), noise: spot.noise,
                    twill: random.chance(0.4))),
            mapping: spot.map(random.logUniform(1.2...9), random.angle()), word: word.rawValue, tone: base)
    }

    /// Turned wood and brushed glaze.
    mutating func ringSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let base =
            word == .glaze ? palette.color(&random, accent: 0.4) : tone([.warmIndoor, .autumn], own: 0.1)
        return Surface(
            kind: .ring(
                RingMaterial(
                    base: base, dark: base.lit(random.uniform(0.3...0.8)), noise: spot.noise,
                    rings: random.logUniform(6...30), contrast: random.uniform(0.3...1.1),
                    wander: random.uniform(0...1))),
            mapping: spot.map(unit * random.logUniform(0.4...1.2), spot.angle).stretched(random.uniform(1...1.8), 1),
            word: word.rawValue,
            tone: base)
    }

    /// Patterned cloth or paint.
    mutating func stripeSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let base = palette.color(&random)
        let other = palette.color(&random, accent: 0.3)
        return Surface(
            kind: .stripe(
                StripeMaterial(
                    first: base, second: other, third: palette.color(&random), duty: random.uniform(0.2...0.6),
                    kind: word == .stripes ? 0 : word == .checks ? 1 : 2, noise: spot.noise)),
            mapping: spot.map(unit * random.logUniform(0.05...0.5), random.chance(0.4) ? spot.angle : random.angle()),
            word: word.rawValue,
            tone: base)
    }
}
