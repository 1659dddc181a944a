/// Lathe marks, tree rings, brushed dishes: noise drawn out along circles around the origin.
struct RingMaterial: Material {
    var base: Pixel
    var dark: Pixel
    var noise: LatticeNoise
    /// Rings per unit of radius, and how much they show.
    var rings: Float
    var contrast: Float
    /// How far the rings wander.
    var wander: Float

    @inline(__always)
    func color(_ u: Float, _ v: Float, _ footprint: Float) -> Pixel {
        let bend = wander * noise.value(u * 1.5, v * 1.5)
        let radius = (u * u + v * v).squareRoot() + bend * 0.1
        // Mirrored, so that the rings close without a seam.
        let along = abs(PortableMath.atan2(v, u)) * 2.5
        let fine = noise.fractal(radius * rings, along, footprint: footprint * rings, octaves: 3, gain: 0.65)
        let t = PortableMath.clamp(0.35 + contrast * fine)
        return base + (dark - base) * t
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

/// Slats and steps: blinds, sidings, stairs, piano keys, book spines; each a ramp of light with a dark gap.
struct SlatMaterial: Material {
    var base: Pixel
    var other: Pixel
    var noise: LatticeNoise
    /// Half of the gap, the ramp of light over a slat (-1...1) and the difference between slats.
    var gap: Float
    var ramp: Float
    var variety: Float

    @inline(__always)
    func color(_ u: Float, _ v: Float, _ footprint: Float) -> Pixel {
        let row = PortableMath.floor(v)
        let inside = v - row - 0.5
        let fade = PortableMath.clamp(1.6 - 2 * footprint)
        let tint = noise.cell(row + 0.5, 3.5)
        let dark = Pattern.line(v, halfWidth: gap, footprint: footprint)
        let grain = noise.fractal(u * 0.6, v * 4, footprint: footprint * 4, octaves: 3, gain: 0.6)
        let face = base + (other - base) * PortableMath.clamp(0.5 + variety * tint)
        let light = (1 + fade * ramp * inside * 1.6 + 0.07 * grain + fade * 0.3 * variety * tint) * (1 - 0.85 * dark)
        return face.lit(max(light, 0.02))
    }
}
