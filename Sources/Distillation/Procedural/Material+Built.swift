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
