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

/// Boards of wood: rings cut lengthwise, with pores.
struct WoodMaterial: Material {
    var base: Pixel
    var dark: Pixel
    var noise: LatticeNoise
    var rings: Float
    /// Boards per unit across the grain (0 = one piece), and the half width of the gap.
    var boards: Float
    var gap: Float

    @inline(__always)
    func color(_ u: Float, _ v: Float, _ footprint: Float) -> Pixel {
        var shift: Float = 0
        var joint: Float = 0
        var tone: Float = 1
        if boards > 0 {
            let across = v * boards
            let board = PortableMath.floor(across)
            shift = board * 7.3
            tone = 1 + 0.18 * noise.cell(board * 3.1, 11.5)
            let length = 3 + 2 * noise.cell(board, 5.5)
            let along = u / length + board * 0.37
            joint = max(
                Pattern.line(across, halfWidth: gap, footprint: footprint * boards),
                Pattern.line(along, halfWidth: gap / (boards * length), footprint: footprint / length))
        }
        let bend = noise.fractal(u * 0.35 + shift, v * 1.5 + shift, footprint: footprint, octaves: 3)
        let phase = (v + shift) * rings + 1.6 * bend
        let fade = PortableMath.clamp(1.5 - 2.5 * footprint * rings)
        let wave = phase - PortableMath.floor(phase)
        let ring = 0.5 + (wave * wave * (1 - PortableMath.smoothstep(0.85, 1, wave)) - 0.3) * fade
        let pores = noise.fractal(u * 4 + shift, v * 60, footprint: footprint * 20, octaves: 3, gain: 0.7)
        let t = PortableMath.clamp(ring * 0.7 + 0.22 * pores + 0.1)
        return (base + (dark - base) * t).lit(tone * (1 - 0.75 * joint))
    }
}

/// Courses of stones with joints: bricks, tiles, pavement, shingles.
struct CourseMaterial: Material {
    var stone: Pixel
    var other: Pixel
    var joint: Pixel
    var noise: LatticeNoise
    /// Length of a stone over its height; one unit is its height.
    var aspect: Float
    /// Shift of every other course, in stones (0 for tiles, 0.5 for bricks).
    var stagger: Float
    var halfJoint: Float
    /// How much stones differ from each other, and the roughness of each.
    var variety: Float
    var roughness: Float
    /// Light on the upper and left edge of each stone.
    var bevel: Float

    @inline(__always)
    func color(_ u: Float, _ v: Float, _ footprint: Float) -> Pixel {
        let wobble = roughness * 0.05 * noise.value(u * 1.7, v * 1.7)
        let y = v + wobble
        let course = PortableMath.floor(y)
        let odd = course - 2 * PortableMath.floor(course * 0.5)
        let x = u / aspect + odd * stagger + wobble / aspect
        let column = PortableMath.floor(x)
        let inX = (x - column) * aspect
        let inY = y - course
        let edge = min(min(inX, aspect - inX), min(inY, 1 - inY))
        let width = max(footprint, 1e-4)
        let cover = width > 0.8 ? 1 - 2 * halfJoint : PortableMath.clamp((edge - halfJoint) / width + 0.5)
        let tint = noise.cell(column + 0.5, course + 0.5)
        let tone = noise.cell(column + 40.5, course + 9.5)
        let grain = noise.fractal(u * 3, v * 3, footprint: footprint * 3, octaves: 5, gain: 0.62)
        var face = stone + (other - stone) * PortableMath.clamp(0.5 + variety * tint + 0.25 * roughness * grain)
        var light = 1 + 0.4 * variety * tone + roughness * 0.35 * grain
        if bevel > 0, edge < halfJoint + 0.09 {
            let towards = min(inX, inY) < min(aspect - inX, 1 - inY) ? bevel : -bevel
            light += towards * PortableMath.clamp(1 - (edge - halfJoint) / 0.09)
        }
        face = face.lit(max(light, 0.05))
        let mortar = joint.lit(1 + roughness * 0.3 * grain)
        return mortar + (face - mortar) * cover
    }
}

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

/// Rows of windows in a wall.
struct FacadeMaterial: Material {
    var wall: Pixel
    var glass: Pixel
    var frame: Pixel
    var noise: LatticeNoise
    /// Half width and half height of a window in a cell of one unit, and the thickness of its frame.
    var halfWidth: Float
    var halfHeight: Float
    var frameWidth: Float

    @inline(__always)
    func color(_ u: Float, _ v: Float, _ footprint: Float) -> Pixel {
        let column = PortableMath.floor(u)
        let row = PortableMath.floor(v)
        let x = u - column - 0.5
        let y = v - row - 0.5
        let width = max(footprint, 1e-3)
        let d = max(abs(x) - halfWidth, abs(y) - halfHeight)
        let tone = noise.cell(column + 0.5, row + 0.5)
        let opening = PortableMath.clamp(0.5 - (d + frameWidth) / width)
        let outer = PortableMath.clamp(0.5 - d / width)
        let cross = PortableMath.clamp(0.5 + (frameWidth * 0.6 - min(abs(x), abs(y + 0.15 * halfHeight))) / width)
        let sill = PortableMath.clamp(0.5 - (max(abs(x) - halfWidth * 1.15, abs(y - halfHeight - 0.03) - 0.03)) / width)
        let grain = noise.fractal(u * 3, v * 3, footprint: footprint * 3, octaves: 4, gain: 0.6)
        var result = wall.lit(1 + 0.08 * grain)
        result = result + (frame.lit(0.8) - result) * sill
        result = result + (frame - result) * outer
        let pane = glass.lit(max(0.7 + 0.7 * tone + 0.5 * (y - x), 0.1))
        return result + (pane + (frame - pane) * cross - result) * opening
    }
}

/// Corrugated sheet, curtains, columns, radiators: a smooth profile repeated along u.
struct FoldMaterial: Material {
    var base: Pixel
    var noise: LatticeNoise
    var depth: Float
    /// 0 regular, 1 folds of random width and lean.
    var irregular: Float

    @inline(__always)
    func color(_ u: Float, _ v: Float, _ footprint: Float) -> Pixel {
        let drift = irregular * (1.2 * noise.value(u * 0.35, v * 0.06) + 0.5 * noise.value(u * 0.9 + 20, v * 0.15))
        let wave = PortableMath.sin(2 * Float.pi * (u + drift))
        let shape = 0.75 * wave + 0.25 * wave * abs(wave)
        let fade = PortableMath.clamp(1.7 - 2.4 * footprint)
        let dust = noise.fractal(u * 2, v * 2, footprint: footprint * 2, octaves: 4)
        return base.lit(max(1 + depth * shape * fade + 0.05 * dust, 0.03))
    }
}
