/// Colours as photos have them: few hues per scene, muted, differing mostly in lightness.
package struct Palette: Sendable {
    let family: Family
    private let tint: SIMD3<Float>

    init(_ random: inout SeededGenerator) {
        family = random.pick(Family.allCases)
        tint = SIMD3(random.uniform(-0.03...0.03), random.uniform(-0.015...0.015), random.uniform(-0.03...0.03))
    }

    /// A colour of the scene's family, or now and then of another; varied in lightness.
    func color(_ random: inout SeededGenerator, accent: Float = 0.15) -> Pixel {
        let source = random.chance(accent) ? random.pick(Family.allCases) : family
        return vary(random.pick(source.colors) + tint, &random, by: 0.25)
    }

    /// A variation in linear light of an sRGB colour: lightness by about `by`, hue and saturation a little.
    func vary(_ srgb: SIMD3<Float>, _ random: inout SeededGenerator, by: Float = 0.15) -> Pixel {
        let gray = 0.3 * srgb.x + 0.59 * srgb.y + 0.11 * srgb.z
        let saturation = random.uniform(0.7...1.4)
        let lightness = PortableMath.exp(by * random.normal())
        let shift = SIMD3(random.uniform(-0.02...0.02), random.uniform(-0.02...0.02), random.uniform(-0.02...0.02))
        let mixed = ((srgb - gray) * saturation + gray) * lightness + shift
        return Pixel(
            red: Self.linear(mixed.x), green: Self.linear(mixed.y), blue: Self.linear(mixed.z))
    }

    /// sRGB's transfer function, from encoded to linear light, clamped to 0.002...1.
    static func linear(_ encoded: Float) -> Float {
        let x = min(max(encoded, 0), 1)
        let value = x <= 0.04045 ? x / 12.92 : PortableMath.pow((x + 0.055) / 1.055, 2.4)
        return max(value, 0.002)
    }

    /// The names of colours that are no shade of gray.
    static let hues: Set<String> = [
        "pink", "brown", "red", "beige", "orange", "olive", "yellow", "green", "teal", "blue", "purple",
    ]

    /// All names of colours.
    package static let names = hues.sorted() + ["black", "dark gray", "gray", "white"]

    /// The everyday name of a colour in linear light.
    static func name(of color: Pixel) -> String {
        func encode(_ x: Float) -> Float { PortableMath.pow(PortableMath.clamp(x), 1 / 2.2) }
        return name(ofEncoded: SIMD3(encode(color.x), encode(color.y), encode(color.z)))
    }

    /// The everyday name of an sRGB colour of 0...1.
    static func name(ofEncoded color: SIMD3<Float>) -> String {
        let (r, g, b) = (color.x, color.y, color.z)
        let high = max(r, g, b)
        let low = min(r, g, b)
        let chroma = high - low
        if chroma < 0.09 {
            return high < 0.22 ? "black" : high < 0.42 ? "dark gray" : high < 0.72 ? "gray" : "white"
        }
        var hue: Float
        if high == r {
            hue = (g - b) / chroma
        } else if high == g {
            hue = 2 + (b - r) / chroma
        } else {
            hue = 4 + (r - g) / chroma
        }
        if hue < 0 { hue += 6 }
        let dull = chroma < 0.3 || high < 0.55
        switch hue {
        case ..<0.35: return dull ? (high > 0.6 ? "pink" : "brown") : "red"
        case ..<0.85: return dull ? (high > 0.6 ? "beige" : "brown") : "orange"
        case ..<1.25: return dull ? (high > 0.6 ? "beige" : "olive") : "yellow"
        case ..<2.6: return "green"
        case ..<3.3: return "teal"
        case ..<4.3: return "blue"
        default: return high == b || chroma < 0.25 ? "purple" : "red"
        }
    }
}
