/// Surfaces with colours that suit them and the scene's palette.
extension Painter {
    /// What a surface may be used for.
    enum SurfaceUse {
        case wall, ground, object, soft
    }

    /// Where a surface begins: its noise, origin and direction.
    struct Spot {
        let noise: LatticeNoise
        let origin: SIMD2<Float>
        let angle: Float

        /// A mapping of `pixels` pixels per unit around the origin.
        func map(_ pixels: Float, _ angle: Float) -> Mapping {
            Mapping.turned(scale: max(pixels, 1), angle: angle, x: origin.x, y: origin.y)
        }
    }

    mutating func surface(for use: SurfaceUse) -> Surface {
        switch use {
        case .wall: return surface(random.pick(Substance.walls))
        case .ground: return surface(random.pick(Substance.grounds))
        case .object: return surface(random.pick(Substance.objects))
        case .soft: return surface(random.pick(Substance.soft))
        }
    }

    mutating func surface(_ word: Substance) -> Surface {
        let noise = LatticeNoise(&random)
        let origin = place()
        let angle = random.chance(0.5) ? random.uniform(-0.08...0.08) : random.angle()
        let spot = Spot(noise: noise, origin: origin, angle: angle)
        switch word {
        case .plaster, .paper, .ceramic, .skin, .sky: return smoothSurface(word, spot)
        case .stone, .rock: return stoneSurface(word, spot)
        case .bark: return barkSurface(word, spot)
        case .snow, .sand, .soil, .rust, .leather: return looseSurface(word, spot)
        case .grass, .fur: return strandSurface(word, spot)
        case .gravel, .foliage: return cellSurface(word, spot)
        case .water: return waterSurface(word, spot)
        case .snowyRock, .moss, .peelingPaint, .lichen: return patchSurface(word, spot)
        case .brick: return brickSurface(word, spot)
        case .tile: return tileSurface(word, spot)
        case .pavement: return pavementSurface(word, spot)
        case .shingle: return shingleSurface(word, spot)
        case .wood, .planks: return woodSurface(word, spot)
        case .concrete: return concreteSurface(word, spot)
        case .metal: return metalSurface(word, spot)
        case .facade: return facadeSurface(word, spot)
        case .curtain, .corrugatedMetal: return foldSurface(word, spot)
        case .fabric: return fabricSurface(word, spot)
        case .turnedWood, .glaze: return ringSurface(word, spot)
        case .blinds, .siding, .steps, .books: return slatSurface(word, spot)
        case .stripes, .checks, .plaid: return stripeSurface(word, spot)
        case .paint: return paintSurface(word, spot)
        }
    }

    /// The same colour, clearly lighter or darker, its hue a little off.
    mutating func shifted(_ color: Pixel, by amount: Float) -> Pixel {
        let factor = PortableMath.exp(amount * random.uniform(0.4...1) * (random.chance(0.5) ? 1 : -1))
        return Pixel(
            red: min(color.x * factor * random.uniform(0.93...1.07), 1), green: min(color.y * factor, 1),
            blue: min(color.z * factor * random.uniform(0.93...1.07), 1))
    }

    /// A colour of the given family.
    mutating func named(_ family: Palette.Family, by: Float = 0.25) -> Pixel {
        palette.vary(random.pick(family.colors), &random, by: by)
    }

    /// Mostly a colour of the named families, at times of the scene's own.
    mutating func tone(_ families: [Palette.Family], own: Float = 0.35) -> Pixel {
        random.chance(own) ? palette.color(&random) : named(random.pick(families))
    }

    func rough(
        _ spot: Spot, _ base: Pixel, _ other: Pixel, octaves: Int = 6, gain: Float, relief: Float, mottle: Float,
        ridged: Bool = false, grain: Float = 1
    ) -> Surface.Kind {
        .rough(
            RoughMaterial(
                base: base, other: other, noise: spot.noise, octaves: octaves, gain: gain, relief: relief,
                mottle: mottle,
                ridged: ridged, grain: grain, lightX: light.x, lightY: light.y))
    }
}
