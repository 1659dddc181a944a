/// Stripes and checks, printed or painted.
struct StripeMaterial: Material {
    var first: Pixel
    var second: Pixel
    var third: Pixel
    var duty: Float
    /// 0 stripes, 1 checks, 2 plaid with a thin third line.
    var kind: Int
    var noise: LatticeNoise

    @inline(__always)
    func color(_ u: Float, _ v: Float, _ footprint: Float) -> Pixel {
        let across = Pattern.bars(u, duty: duty, footprint: footprint)
        var result: Pixel
        switch kind {
        case 0:
            result = first + (second - first) * across
        case 1:
            let along = Pattern.bars(v, duty: duty, footprint: footprint)
            let t = across + along - 2 * across * along
            result = first + (second - first) * t
        default:
            let along = Pattern.bars(v, duty: duty, footprint: footprint)
            result = first + (second - first) * (0.5 * (across + along))
            let thin = max(
                Pattern.line(u + 0.5, halfWidth: 0.03, footprint: footprint),
                Pattern.line(v + 0.5, halfWidth: 0.03, footprint: footprint))
            result = result + (third - result) * (0.7 * thin)
        }
        let wear = noise.fractal(u * 2, v * 2, footprint: footprint * 2, octaves: 4)
        return result.lit(1 + 0.06 * wear)
    }
}

/// Cloth: over and under of threads.
struct WeaveMaterial: Material {
    var warpThread: Pixel
    var weftThread: Pixel
    var noise: LatticeNoise
    /// Diagonal ribs (twill, denim) instead of a plain weave.
    var twill: Bool

    @inline(__always)
    func color(_ u: Float, _ v: Float, _ footprint: Float) -> Pixel {
        let fade = PortableMath.clamp(1.6 - 2.4 * footprint)
        let slow = noise.fractal(u * 0.05, v * 0.05, footprint: footprint * 0.05, octaves: 5)
        let uneven = noise.value(u * 0.9, v * 0.12) + noise.value(u * 0.12 + 40, v * 0.9)
        let wave: Float
        if twill {
            wave = PortableMath.sin(Float.pi * (u + v) * 0.5) * (0.75 + 0.25 * PortableMath.sin(Float.pi * (u - v)))
        } else {
            wave = PortableMath.sin(Float.pi * u) * PortableMath.sin(Float.pi * v)
        }
        let over = 0.5 + 0.5 * wave * fade
        let thread = weftThread + (warpThread - weftThread) * over
        return thread.lit(max(1 + 0.22 * wave * fade + 0.1 * slow + 0.07 * uneven * fade, 0.05))
    }
}

/// Metal with brush marks.
struct BrushedMaterial: Material {
    var base: Pixel
    var bright: Pixel
    var noise: LatticeNoise
    /// Strength of the marks and of the broad reflections across.
    var marks: Float
    var reflections: Float

    @inline(__always)
    func color(_ u: Float, _ v: Float, _ footprint: Float) -> Pixel {
        let fine = noise.fractal(u * 0.4, v * 16, footprint: footprint * 8, octaves: 3, gain: 0.7)
        let broad = noise.fractal(u * 0.15, v * 0.9, footprint: footprint, octaves: 2)
        let t = PortableMath.clamp(0.45 + marks * 0.3 * fine + reflections * 0.7 * broad)
        return base + (bright - base) * t
    }
}

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
