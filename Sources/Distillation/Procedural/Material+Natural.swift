/// Gravel, pebbles, scales, foliage seen from far, cracked mud: cells of a random pattern.
struct CellMaterial: Material {
    var base: Pixel
    var other: Pixel
    var gap: Pixel
    var noise: LatticeNoise
    var variety: Float
    /// Width of the gap between cells and the roundness of each.
    var gapWidth: Float
    var bulge: Float
    var lightX: Float
    var lightY: Float

    @inline(__always)
    func color(_ u: Float, _ v: Float, _ footprint: Float) -> Pixel {
        let bend = noise.value(u * 2.3, v * 2.3) * 0.12
        let found = noise.cells(u + bend, v - bend)
        let width = max(footprint * 1.4, 0.02)
        let fade = PortableMath.clamp(1.8 - 2.2 * footprint)
        let inside = PortableMath.clamp((found.second - found.nearest - gapWidth) / width + 0.5)
        let grain = noise.fractal(u * 4, v * 4, footprint: footprint * 4, octaves: 3, gain: 0.6)
        let tone = 1 + fade * (0.55 * variety * found.tint + bulge * (0.45 - found.nearest)) + 0.12 * grain
        let face = (base + (other - base) * (0.5 + 0.5 * found.tint * fade)).lit(max(tone, 0.05))
        let cover = 1 - (1 - inside) * fade
        return gap + (face - gap) * cover
    }
}

/// Blades, hair, fur, needles: fine noise drawn out along v, in tufts.
struct StrandMaterial: Material {
    var light: Pixel
    var dark: Pixel
    var noise: LatticeNoise
    /// Length of a strand over its width.
    var length: Float
    /// How far tufts lean to the sides.
    var sway: Float
    var contrast: Float

    @inline(__always)
    func color(_ u: Float, _ v: Float, _ footprint: Float) -> Pixel {
        let lean = sway * (noise.value(u * 0.09, v * 0.05) + 0.5 * noise.value(u * 0.21 + 17, v * 0.12))
        let x = u + lean * 6
        let fine = noise.fractal(x, v / length, footprint: footprint, octaves: 2, gain: 0.7)
        let coarse = noise.fractal(x * 0.28 + 9, v * 0.9 / length, footprint: footprint * 0.28, octaves: 3, gain: 0.6)
        let slow = noise.fractal(u * 0.03, v * 0.03, footprint: footprint * 0.03, octaves: 4)
        let t = PortableMath.clamp(0.5 + contrast * (0.55 * fine + 0.5 * coarse) + 0.2 * slow)
        return dark + (light - dark) * t
    }
}

/// Water: long, flat waves that mirror the sky.
struct WaterMaterial: Material {
    var deep: Pixel
    var sky: Pixel
    var noise: LatticeNoise
    var choppiness: Float

    @inline(__always)
    func color(_ u: Float, _ v: Float, _ footprint: Float) -> Pixel {
        let bend = noise.fractal(u * 0.4, v * 0.9, footprint: footprint, octaves: 3)
        let wave = noise.fractal(u * 0.8 + bend, v * 3, footprint: footprint * 2, octaves: 5, gain: 0.6)
        let swell = noise.value(u * 0.1, v * 0.4)
        let t = PortableMath.clamp(0.45 + choppiness * (0.9 * wave + 0.5 * swell))
        let glint = max(t - 0.82, 0) * 2.2
        return deep + (sky - deep) * (t * t * (3 - 2 * t)) + Pixel(glint, glint, glint, 0)
    }
}

/// Clouds over a clear sky, or fog over anything (coverage below 1 where `clear` has none).
struct CloudMaterial: Material {
    var clear: Pixel
    var cloud: Pixel
    var noise: LatticeNoise
    /// Share of the sky that is covered and the softness of the clouds' edges.
    var cover: Float
    var softness: Float

    @inline(__always)
    func color(_ u: Float, _ v: Float, _ footprint: Float) -> Pixel {
        let bend = noise.value(u * 0.7 + 3, v * 0.7) * 0.4
        let h = noise.fractal(u + bend, v * 1.6, footprint: footprint, octaves: 6, gain: 0.55)
        let t = PortableMath.smoothstep(-softness, softness, h + (cover - 0.5) * 2)
        let shade =
            1 - 0.22 * PortableMath.clamp(noise.fractal(u + 0.12, v * 1.6 - 0.2, footprint: footprint, octaves: 4))
        return clear + (cloud.lit(shade) - clear) * t
    }
}
