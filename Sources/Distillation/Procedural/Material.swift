/// What a surface is made of: its colour for a place in the material's own units.
///
/// `footprint` is the size of a picture pixel in these units; patterns fade out instead of aliasing below it.
protocol Material: Sendable {
    func color(_ u: Float, _ v: Float, _ footprint: Float) -> Pixel
}

/// Helpers that all materials share.
enum Pattern {
    /// 1 inside of a line of the given half width around the integers, 0 elsewhere, averaged over the footprint.
    @inline(__always)
    static func line(_ x: Float, halfWidth: Float, footprint: Float) -> Float {
        let d = abs(x - PortableMath.floor(x + 0.5))
        let width = max(footprint, 1e-4)
        let sharp = PortableMath.clamp((halfWidth - d) / width + 0.5)
        // A line much thinner than a pixel keeps its average darkness.
        return width > 0.7 ? min(2 * halfWidth, 1) : sharp
    }

    /// A square wave of the given duty, averaged over the footprint.
    @inline(__always)
    static func bars(_ x: Float, duty: Float, footprint: Float) -> Float {
        line(x, halfWidth: duty / 2, footprint: footprint)
    }
}

/// Paint, plaster, paper, skin, sky: one colour with faint, slow variation.
struct PlainMaterial: Material {
    var base: Pixel
    var other: Pixel
    var noise: LatticeNoise
    /// Amplitude of the variation towards `other`.
    var mottle: Float
    var octaves: Int
    var gain: Float

    @inline(__always)
    func color(_ u: Float, _ v: Float, _ footprint: Float) -> Pixel {
        if mottle <= 0 { return base }
        let t = mottle * noise.fractal(u, v, footprint: footprint, octaves: octaves, gain: gain)
        return base + (other - base) * PortableMath.clamp(0.5 + t)
    }
}

/// Stone, rock, concrete, bark, snow, soil, sand, crumpled cloth: fractal relief lit from one side.
struct RoughMaterial: Material {
    var base: Pixel
    var other: Pixel
    var noise: LatticeNoise
    var octaves: Int
    var gain: Float
    /// Strength of the light on the relief, and of the mixture of both colours.
    var relief: Float
    var mottle: Float
    /// Sharp valleys instead of soft hills: cracked rock.
    var ridged: Bool
    /// Length of a unit along u over that along v: grain.
    var grain: Float
    var lightX: Float
    var lightY: Float

    @inline(__always)
    private func altitude(_ u: Float, _ v: Float, _ footprint: Float) -> Float {
        let h = noise.fractal(u, v, footprint: footprint, octaves: octaves, gain: gain)
        return ridged ? 0.5 - abs(h) : h
    }

    @inline(__always)
    func color(_ u: Float, _ v: Float, _ footprint: Float) -> Pixel {
        let x = u / grain
        let h = altitude(x, v, footprint)
        let step = max(footprint, 0.01)
        let lit = altitude(x + lightX * step, v + lightY * step, footprint)
        let slope = (h - lit) * relief * min(1, 0.12 / step + 0.35)
        let light = PortableMath.exp(min(max(slope * 3, -2), 1))
        return (base + (other - base) * PortableMath.clamp(0.5 + mottle * h)).lit(light)
    }
}

/// Fields of two materials that interlock: snow on rock, moss on stone, rust on paint, patches of fur.
struct PatchMaterial: Material {
    var first: RoughMaterial
    var second: RoughMaterial
    var noise: LatticeNoise
    /// Share of the second and sharpness of the border.
    var share: Float
    var sharpness: Float

    @inline(__always)
    func color(_ u: Float, _ v: Float, _ footprint: Float) -> Pixel {
        let h = noise.fractal(u * 0.7 + 11, v * 0.7, footprint: footprint * 0.7, octaves: 6, gain: 0.55)
        let limit = (h + share * 2 - 1) * sharpness
        let t = PortableMath.smoothstep(-0.25, 0.25, limit)
        if t <= 0 { return first.color(u, v, footprint) }
        if t >= 1 { return second.color(u, v, footprint) }
        return first.color(u, v, footprint).mixed(with: second.color(u, v, footprint), t)
    }
}
