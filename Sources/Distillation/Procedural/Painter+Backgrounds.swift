/// Skies, out-of-focus backgrounds and cast shadows.
extension Painter {
    /// A ragged or smooth line; what lies below it (for angle 0) is inside.
    mutating func terrain(at height: Float, roughness: Float, angle: Float) -> Terrain {
        let reach = widthF + heightF
        let noise = LatticeNoise(&random)
        let scale = 1 / (unit * random.logUniform(0.4...2))
        let bend = random.chance(0.3) ? random.normal() * 0.15 / reach : 0
        let profile = (0...Int(2 * reach)).map { index -> Float in
            let u = Float(index) - reach
            let ragged =
                roughness == 0
                ? 0 : roughness * unit * noise.fractal(u * scale, 0.5, footprint: scale, octaves: 7, gain: 0.5)
            return ragged + bend * u * u
        }
        let vertical = angle == 0 ? height : heightF / 2 + height
        return Terrain(profile: profile, start: -reach, originX: widthF / 2, originY: vertical, angle: angle)
    }

    /// A clear or clouded sky that fills the canvas.
    mutating func sky() {
        let high = palette.vary(
            random.pick([
                SIMD3(0.28, 0.47, 0.75), SIMD3(0.45, 0.6, 0.8), SIMD3(0.6, 0.64, 0.68), SIMD3(0.33, 0.4, 0.52),
            ]), &random, by: 0.2)
        let low = palette.vary(
            random.pick([
                SIMD3(0.72, 0.82, 0.92), SIMD3(0.85, 0.87, 0.88), SIMD3(0.93, 0.84, 0.72), SIMD3(0.78, 0.8, 0.82),
            ]), &random, by: 0.1)
        let clouds = random.chance(0.55)
        let cover = clouds ? random.uniform(0.2...0.75) : 0
        let noise = LatticeNoise(&random)
        let material = CloudMaterial(
            clear: .zero, cloud: palette.vary(SIMD3(0.9, 0.9, 0.91), &random, by: 0.08), noise: noise, cover: cover,
            softness: random.uniform(0.15...0.8))
        let reach = heightF * random.uniform(0.8...2)
        let start = random.uniform(-0.3...0.3) * heightF
        let width = width
        let height = height
        canvas.pixels.withUnsafeMutableBufferPointer { pixels in
            for y in 0..<height {
                let t = PortableMath.clamp((Float(y) - start) / reach)
                let color = high.mixed(with: low, t)
                for x in 0..<width { pixels[y * width + x] = color }
            }
        }
        canvas.label(.sky)
        if clouds {
            var map = Mapping.turned(scale: unit * random.logUniform(0.3...1.6)).stretched(random.uniform(1...2.2), 1)
            map.u.z += random.uniform(0...20)
            canvas.paint(material, map, in: everywhere, shading: .flat, as: .clouds)
            notes.material("clouds")
            notes.background = "a sky with clouds"
        } else {
            notes.background = "a clear sky"
        }
        notes.material("sky")
    }

    /// Large soft shapes in related colours: what lies far behind the focus, a studio wall, a lit ceiling.
    mutating func softBackground() {
        let base = palette.color(&random)
        let start = surface(for: .soft)
        var shading = slowLight(strength: 1.4)
        shading.light = light
        let flat = PlainMaterial(
            base: base, other: base, noise: LatticeNoise(&random), mottle: 0, octaves: 1, gain: 0.5)
        canvas.paint(flat, .turned(scale: 1), in: everywhere, shading: shading)
        let name = Palette.name(of: base)
        let kind = random.index(weights: [0.3, 0.35, 0.2, 0.15])
        // What lies out of focus has lost its texture, and its name with it.
        defer { canvas.label(kind == 0 ? .wall : .blurred) }
        switch kind {
        case 0:
            // An even wall, perhaps with a lamp's cone of light or a soft shadow.
            canvas.paint(start, in: everywhere, shading: shading, opacity: 0.6)
            notes.background = "a softly lit \(name) wall"
            notes.material("wall")
            if random.chance(0.5) {
                glow(
                    color: Pixel(red: 1, green: 0.97, blue: 0.9), strength: random.uniform(0.1...0.8),
                    at: place(outside: 0.3),
                    radius: unit * random.logUniform(0.3...2))
            }
            if random.chance(0.4) { castShadow() }
            if random.chance(0.5) { canvas.blur(sigma: random.logUniform(1...10)) }
        case 1:
            for _ in 0..<random.integer(3...16) {
                figure(size: unit * random.logUniform(0.2...2.5), blur: 2, noted: false)
            }
            let sigma = unit * random.logUniform(0.02...0.12)
            canvas.blur(sigma: sigma)
            notes.background = "a blurred \(name) background"
            notes.material("blurred")
        case 2:
            // Bokeh: discs of light from out-of-focus highlights.
            for _ in 0..<random.integer(2...8) {
                figure(size: unit * random.logUniform(0.2...2), blur: 2, noted: false)
            }
            canvas.blur(sigma: unit * random.logUniform(0.04...0.12))
            let radius = unit * random.logUniform(0.03...0.2)
            let tone = palette.color(&random)
            for _ in 0..<random.integer(3...25) {
                let at = place()
                let disc = stencil(Ellipse(x: at.x, y: at.y, radiusX: radius, radiusY: radius), margin: 4)
                let bright = tone.lit(random.uniform(1...4))
                let material = PlainMaterial(
                    base: bright, other: bright, noise: LatticeNoise(&random), mottle: 0, octaves: 1, gain: 0.5)
                var rim = Shading.flat
                rim.rim = random.uniform(-0.3...0.1)
                rim.rimWidth = radius * 0.2
                canvas.paint(
                    material, .turned(scale: 1), in: disc, shading: rim, softness: max(radius * 0.15, 2),
                    opacity: random.uniform(0.1...0.7))
            }
            notes.background = "a \(name) background with bokeh"
            notes.material("bokeh")
        default:
            // A texture far out of focus.
            let back = surface(for: random.chance(0.5) ? .ground : .wall)
            canvas.paint(back, in: everywhere, shading: shading)
            canvas.blur(sigma: random.logUniform(2...9))
            notes.background = "blurred \(back.word) in the distance"
            notes.material(back.word)
        }
    }

    /// Brightens the canvas around one place.
    mutating func glow(color: Pixel, strength: Float, at: SIMD2<Float>, radius: Float) {
        let (width, height) = (width, height)
        let scale = 1 / (radius * radius)
        canvas.pixels.withUnsafeMutableBufferPointer { pixels in
            for y in 0..<height {
                for x in 0..<width {
                    let dx = Float(x) - at.x
                    let dy = Float(y) - at.y
                    let light = strength / (1 + (dx * dx + dy * dy) * scale)
                    pixels[y * width + x] += (pixels[y * width + x] * 1.5 + color * 0.15) * light * Pixel(1, 1, 1, 0)
                }
            }
        }
    }

    /// The shadow of something outside of the picture.
    mutating func castShadow() {
        let softness = random.logUniform(1.5...20)
        let opacity = random.uniform(0.2...0.7)
        switch random.index(weights: [0.5, 0.3, 0.2]) {
        case 0:
            canvas.shade(
                stencil(
                    terrain(at: heightF * random.uniform(-0.3...0.3), roughness: 0, angle: random.angle()), margin: 1),
                moveX: 0, moveY: 0, softness: softness, opacity: opacity)
        case 1:
            let at = place()
            let shape = Blob(
                x: at.x, y: at.y, radius: unit * random.logUniform(0.2...0.8), stretch: random.uniform(0.6...1.6),
                angle: random.angle(),
                harmonics: [
                    SIMD2(random.uniform(0...0.3), random.angle()), SIMD2(random.uniform(0...0.2), random.angle()),
                ])
            canvas.shade(stencil(shape, margin: softness), moveX: 0, moveY: 0, softness: softness, opacity: opacity)
        default:
            let angle = random.angle()
            let direction = SIMD2(PortableMath.cos(angle), PortableMath.sin(angle)) * (widthF + heightF)
            let strokes = (0..<random.integer(1...4)).map { _ -> Stroke in
                let at = place()
                return Stroke(from: at - direction, to: at + direction, radius: unit * random.logUniform(0.01...0.15))
            }
            let shape = Stencil(strokes, margin: softness, width: width, height: height)
            canvas.shade(shape, moveX: 0, moveY: 0, softness: min(softness, 8), opacity: opacity)
        }
        notes.material("shadow")
    }
}

extension Layer {
    /// Mixes a flat, premultiplied colour over the inside of the stencil.
    mutating func veil(_ color: Pixel, alpha: Float, in stencil: Stencil) {
        let rows = stencil.rows(within: height)
        let columns = stencil.columns(within: width)
        for y in rows {
            for x in columns {
                let d = stencil.distances[(y - stencil.minY) * stencil.width + x - stencil.minX]
                let t = PortableMath.clamp(0.5 - d)
                if t > 0 {
                    let below = pixels[y * width + x]
                    pixels[y * width + x] = below + (Pixel(color.x, color.y, color.z, alpha) - below * alpha) * t
                }
            }
        }
    }
}
