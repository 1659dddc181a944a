/// What lens, sensor and processing do to a painted scene: blur, haze, vignette, white balance, tone curve, noise.
struct Camera {
    static let grayscaleMood = "black and white"

    var random: SeededGenerator
    private static let normals: [Float] = {
        var random = SeededGenerator(seed: 0x0A0B_5E11)
        return (0..<4096).map { _ in random.normal() }
    }()
    /// sRGB values of the squares of 0, 1/1024, ... 1: the square root makes the curve easy to interpolate.
    private static let curve: [Float] = (0...1025).map { step in
        let root = Float(step) / 1024
        let x = root * root
        return x <= 0.003_130_8 ? 12.92 * x : 1.055 * PortableMath.pow(x, 1 / 2.4) - 0.055
    }

    /// Develops linear light to 8-bit sRGB.
    /// - Returns: RGB interleaved, and words for what stands out.
    mutating func develop(_ scene: Layer) -> (pixels: [UInt8], moods: [String]) {
        var moods: [String] = []
        var layer = scene
        // Most photos are seen shrunk, so sharp; the rest are soft from the lens, focus or movement.
        let sigma: Float = random.chance(0.65) ? random.uniform(0...0.45) : random.logUniform(0.45...1.5)
        layer.blur(sigma: sigma)
        exposeAndGrade(&layer, &moods)
        let grayscale = random.chance(0.05)
        if grayscale { moods.append(Self.grayscaleMood) }
        return (encode(layer, grayscale: grayscale), moods)
    }

    /// What is painted as it is: lit evenly, and as bright as it would be beside white paper.
    static func plain(_ scene: Layer) -> [UInt8] {
        scene.pixels.flatMap { pixel in
            (0..<3).map { channel in
                UInt8((min(max(encoded(max(pixel[channel], 0), curve), 0), 1) * 255).rounded())
            }
        }
    }

    /// The sRGB value of linear light that is not negative, by the curve.
    @inline(__always)
    private static func encoded(_ light: Float, _ curve: [Float]) -> Float {
        let position = min(light, 1).squareRoot() * 1024
        let index = Int(position)
        return curve[index] + (curve[index + 1] - curve[index]) * (position - Float(index))
    }

    private mutating func exposeAndGrade(_ layer: inout Layer, _ moods: inout [String]) {
        let count = layer.pixels.count
        var mean: Float = 0
        for pixel in layer.pixels { mean += pixel.luminance }
        mean = max(mean / Float(count), 0.004)
        // Cameras bring the mean to a middle value, with a liking for the scene's own brightness.
        let target = 0.2 * PortableMath.exp(0.75 * random.normal())
        let gain = PortableMath.pow(target / mean, random.uniform(0.5...1))
        let warm = random.normal() * 0.07
        let green = random.normal() * 0.02
        let balance = Pixel(gain * (1 + warm), gain * (1 + green), gain * (1 - warm), 1)
        if warm > 0.1 { moods.append("in warm light") } else if warm < -0.1 { moods.append("in cool light") }
        if target > 0.38 { moods.append("bright") } else if target < 0.085 { moods.append("dim") }
        let hazy = random.chance(0.18)
        let haze = hazy ? random.uniform(0.05...0.45) : 0
        if haze > 0.2 { moods.append("in haze") }
        let veil = Pixel(0.55, 0.57, 0.6, 1) * random.uniform(0.5...1.2)
        let vignette = random.chance(0.35) ? random.uniform(0.05...0.45) : 0
        let slope = random.chance(0.5) ? random.uniform(0...0.45) : 0
        let angle = random.angle()
        let width = layer.width
        let height = layer.height
        let (cx, cy) = (random.uniform(0.2...0.8) * Float(width), random.uniform(0.2...0.8) * Float(height))
        let scale = 1 / Float(max(width, height))
        let (sx, sy) = (PortableMath.cos(angle) * slope * 2 * scale, PortableMath.sin(angle) * slope * 2 * scale)
        layer.pixels.withUnsafeMutableBufferPointer { pixels in
            for y in 0..<height {
                for x in 0..<width {
                    let dx = Float(x) - cx
                    let dy = Float(y) - cy
                    let fall = (dx * dx + dy * dy) * scale * scale
                    let light = max((1 + sx * dx + sy * dy) / (1 + vignette * fall * 2), 0.05)
                    let lit = pixels[y * width + x] * balance * light
                    pixels[y * width + x] = lit + (veil - lit) * haze
                }
            }
        }
    }

    private mutating func encode(_ layer: Layer, grayscale: Bool) -> [UInt8] {
        let (width, height) = (layer.width, layer.height)
        var values = [Pixel](repeating: .zero, count: width * height)
        let shoulder = random.uniform(0.55...0.95)
        let contrast = random.uniform(-0.1...0.35)
        let wanted = random.uniform(0.85...1.45)
        // Strong colours stay as they are: neon is rare in photos.
        let saturation = grayscale ? 0 : min(wanted, max(0.25 / max(meanChroma(layer), 0.01), 0.6))
        let curve = Self.curve
        func tone(_ x: Float) -> Float {
            var light = max(x, 0)
            // Highlights roll off instead of clipping hard.
            if light > shoulder { light = shoulder + (1 - shoulder) * (light - shoulder) / (light - 2 * shoulder + 1) }
            let encoded = Self.encoded(light, curve)
            let s = encoded * encoded * (3 - 2 * encoded)
            return encoded + contrast * (s - encoded)
        }
        for index in 0..<values.count {
            let p = layer.pixels[index]
            let c = Pixel(tone(p.x), tone(p.y), tone(p.z), 0)
            let gray = c.luminance
            values[index] = Pixel(gray, gray, gray, 0) + (c - Pixel(gray, gray, gray, 0)) * saturation
        }
        if random.chance(0.4) { sharpen(&values, width: width, height: height, amount: random.uniform(0.15...0.7)) }
        return quantize(values, width: width, height: height, grayscale: grayscale)
    }

    /// How far colours are from gray on average, relative to their lightness.
    private func meanChroma(_ layer: Layer) -> Float {
        var sum: Float = 0
        var light: Float = 0
        for pixel in layer.pixels {
            sum += max(pixel.x, pixel.y, pixel.z) - min(pixel.x, pixel.y, pixel.z)
            light += max(pixel.x, pixel.y, pixel.z)
        }
        return sum / max(light, 1e-3) * 0.35
    }

    /// Adds back what a small blur removes, as cameras do: light and dark halos along edges.
    private func sharpen(_ values: inout [Pixel], width: Int, height: Int, amount: Float) {
        var soft = Layer(width: width, height: height)
        soft.pixels = values
        soft.blur(sigma: 0.9)
        for index in 0..<values.count { values[index] += (values[index] - soft.pixels[index]) * amount }
    }

    /// Noise, stronger in the dark and at times spread over neighbours, then 8 bits.
    private mutating func quantize(_ values: [Pixel], width: Int, height: Int, grayscale: Bool) -> [UInt8] {
        let amplitude: Float = random.chance(0.3) ? 0.001 : random.logUniform(0.0015...0.015)
        let chroma = grayscale ? 0 : random.uniform(0.2...0.7)
        var grain = Layer(width: width, height: height)
        let normals = Self.normals
        for index in 0..<grain.pixels.count {
            let bits = random.next()
            let l = normals[Int(bits & 4095)]
            let r = normals[Int(bits >> 12 & 4095)]
            let g = normals[Int(bits >> 24 & 4095)]
            let b = normals[Int(bits >> 36 & 4095)]
            grain.pixels[index] = Pixel(l + chroma * r, l + chroma * g, l + chroma * b, 0)
        }
        if random.chance(0.5) {
            let sigma = random.uniform(0.35...0.9)
            grain.blur(sigma: sigma)
        }
        var bytes = [UInt8](repeating: 0, count: width * height * 3)
        for index in 0..<values.count {
            let value = values[index]
            let strength = amplitude * (1.3 - 0.8 * PortableMath.clamp(value.y))
            let noisy = (value + grain.pixels[index] * strength) * 255 + Pixel(repeating: 0.5)
            bytes[index * 3] = UInt8(min(max(noisy.x, 0), 255))
            bytes[index * 3 + 1] = UInt8(min(max(noisy.y, 0), 255))
            bytes[index * 3 + 2] = UInt8(min(max(noisy.z, 0), 255))
        }
        return bytes
    }
}
