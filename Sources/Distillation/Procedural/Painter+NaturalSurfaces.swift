/// Surfaces that grow or lie around outdoors, and bare smooth ones.
extension Painter {
    /// Plaster, paper, ceramic, skin, clear sky: nearly even.
    mutating func smoothSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let base: Pixel
        switch word {
        case .skin: base = named(.skin)
        case .sky: base = tone([.skyAndSand, .overcast, .sea], own: 0.1)
        case .ceramic: base = tone([.redCeramic, .whiteRoom, .sea])
        default: base = tone([.whiteRoom, .concrete, .gray])
        }
        let fine = word == .plaster || word == .paper
        return Surface(
            kind: .plain(
                PlainMaterial(
                    base: base, other: shifted(base, by: fine ? 0.25 : 0.2), noise: spot.noise,
                    mottle: random.uniform(0...0.5), octaves: fine ? 6 : 2, gain: fine ? 0.6 : 0.4)),
            mapping: spot.map(unit * random.logUniform(0.2...2), spot.angle), word: word.rawValue, tone: base)
    }

    /// Stone and rock.
    mutating func stoneSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let base = tone([.gray, .earth, .concrete], own: 0.15)
        return Surface(
            kind: rough(
                spot, base, shifted(base, by: 0.45), octaves: 7, gain: random.uniform(0.5...0.7),
                relief: random.uniform(0.7...2.2),
                mottle: random.uniform(0.2...0.9), ridged: word == .rock || random.chance(0.3),
                grain: random.logUniform(0.5...2)),
            mapping: spot.map(unit * random.logUniform(0.2...1.1), spot.angle), word: word.rawValue, tone: base)
    }

    mutating func barkSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let base = tone([.earth, .autumn, .gray], own: 0.1)
        return Surface(
            kind: rough(
                spot, base, shifted(base, by: 0.5), gain: random.uniform(0.5...0.7), relief: random.uniform(0.7...1.6),
                mottle: 0.6,
                ridged: true, grain: random.uniform(0.15...0.35)),
            mapping: spot.map(unit * random.logUniform(0.3...0.9), random.uniform(-0.2...0.2)), word: word.rawValue,
            tone: base)
    }

    /// Snow, sand, soil, and what looks like them from near: rust and leather.
    mutating func looseSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let families: [Substance: [Palette.Family]] = [
            .snow: [.snow], .sand: [.skyAndSand, .earth], .soil: [.earth, .warmIndoor],
            .rust: [.autumn],
            .leather: [.warmIndoor, .night],
        ]
        let base = tone(families[word] ?? [.earth], own: 0)
        let fine = word == .sand || word == .soil
        return Surface(
            kind: rough(
                spot, base, shifted(base, by: word == .snow ? 0.12 : 0.35), octaves: 7,
                gain: fine ? random.uniform(0.6...0.85) : 0.5,
                relief: word == .snow ? random.uniform(0.1...0.5) : random.uniform(0.3...1.1),
                mottle: random.uniform(0.2...0.8),
                grain: word == .sand ? random.uniform(1...4) : 1),
            mapping: spot.map(unit * random.logUniform(0.1...0.8), spot.angle), word: word.rawValue, tone: base)
    }

    /// Grass from afar and fur.
    mutating func strandSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let base = word == .grass ? named(.foliage) : tone([.warmIndoor, .gray, .earth, .night], own: 0.2)
        return Surface(
            kind: .strand(
                StrandMaterial(
                    light: shifted(base, by: 0.1).lit(random.uniform(1.1...1.7)),
                    dark: base.lit(random.uniform(0.15...0.6)),
                    noise: spot.noise, length: random.logUniform(3...14), sway: random.uniform(0.2...1.3),
                    contrast: random.uniform(0.4...1.2))),
            mapping: spot.map(
                random.logUniform(1.4...7), word == .grass ? random.uniform(-0.25...0.25) : random.angle()),
            word: word.rawValue, tone: base)
    }

    /// Gravel and the crowns of trees.
    mutating func cellSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let base = word == .gravel ? tone([.gray, .earth, .concrete], own: 0.1) : named(.foliage)
        return Surface(
            kind: .cell(
                CellMaterial(
                    base: base, other: shifted(base, by: 0.5), gap: base.lit(random.uniform(0.08...0.4)),
                    noise: spot.noise,
                    variety: random.uniform(0.3...1), gapWidth: random.uniform(0...0.12),
                    bulge: random.uniform(0.2...0.9),
                    lightX: light.x, lightY: light.y)),
            mapping: spot.map(unit * random.logUniform(0.025...0.22), spot.angle).stretched(
                random.uniform(0.7...1.5), 1),
            word: word.rawValue,
            tone: base)
    }

    mutating func waterSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let base = tone([.sea, .night, .skyAndSand], own: 0.1)
        return Surface(
            kind: .water(
                WaterMaterial(
                    deep: base.lit(0.6), sky: named(.overcast), noise: spot.noise,
                    choppiness: random.uniform(0.15...0.9))),
            mapping: spot.map(unit * random.logUniform(0.15...0.9), random.uniform(-0.05...0.05)), word: word.rawValue,
            tone: base
        )
    }

    /// One rough material in patches on another.
    mutating func patchSurface(_ word: Substance, _ spot: Spot) -> Surface {
        let families: [Substance: (Palette.Family, Palette.Family)] = [
            .snowyRock: (.gray, .snow), .moss: (.earth, .foliage),
            .peelingPaint: (.paintedWood, .concrete),
            .lichen: (.gray, .autumn),
        ]
        let pair = families[word] ?? (.gray, .earth)
        let first = named(pair.0)
        let second = named(pair.1)
        func half(_ color: Pixel, _ relief: Float) -> RoughMaterial {
            RoughMaterial(
                base: color, other: color.lit(0.6), noise: spot.noise, octaves: 6, gain: 0.6, relief: relief,
                mottle: 0.6,
                ridged: false, grain: 1, lightX: light.x, lightY: light.y)
        }
        return Surface(
            kind: .patch(
                PatchMaterial(
                    first: half(first, random.uniform(0.4...1.4)), second: half(second, random.uniform(0.1...0.9)),
                    noise: LatticeNoise(&random), share: random.uniform(0.3...0.7),
                    sharpness: random.logUniform(0.7...6))),
            mapping: spot.map(unit * random.logUniform(0.2...0.9), spot.angle), word: word.rawValue, tone: first)
    }
}
