/// Colours as photos have them: few hues per scene, muted, differing mostly in lightness.
struct Palette: Sendable {
    /// A named family of colours, as sRGB values.
    struct Family: Sendable {
        let name: String
        let colors: [SIMD3<Float>]
    }

    let family: Family
    private let tint: SIMD3<Float>

    init(_ random: inout SeededGenerator) {
        family = random.pick(Self.families)
        tint = SIMD3(random.uniform(-0.03...0.03), random.uniform(-0.015...0.015), random.uniform(-0.03...0.03))
    }

    /// A colour of the scene's family, or now and then of another; varied in lightness.
    func color(_ random: inout SeededGenerator, accent: Float = 0.15) -> Pixel {
        let source = random.chance(accent) ? random.pick(Self.families) : family
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

    /// The everyday name of a colour in linear light.
    static func name(of color: Pixel) -> String {
        func encode(_ x: Float) -> Float { PortableMath.pow(PortableMath.clamp(x), 1 / 2.2) }
        let (r, g, b) = (encode(color.x), encode(color.y), encode(color.z))
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

    private static func family(_ name: String, _ colors: [UInt32]) -> Family {
        Family(
            name: name,
            colors: colors.map {
                SIMD3(Float($0 >> 16 & 255), Float($0 >> 8 & 255), Float($0 & 255)) / 255
            })
    }

    static let families: [Family] = [
        family("gray", [0x8E8F8F, 0xB4B3B0, 0x5E5F61, 0xD5D4D2, 0x3A3B3D, 0x9C9A96]),
        family("concrete", [0xA9A59E, 0x8B877F, 0xC7C3BB, 0x6D6A64, 0x4C4A46, 0xDCD9D2]),
        family("earth", [0x6B5A45, 0x8F7A5E, 0x4A3E30, 0xB39C7B, 0x7A6A58, 0xC9B694]),
        family("foliage", [0x4C5B2A, 0x33401F, 0x6F7B3D, 0x8A8F57, 0x232B16, 0x9BA36B]),
        family("overcast", [0xA8B0B8, 0xC9CED3, 0x7E868E, 0x5A6067, 0xE3E6E8, 0x8C8F88]),
        family("sky and sand", [0x6E9ACB, 0xA9C4DF, 0xD9C9A8, 0xC2AA80, 0x8A7A62, 0xE6E2D8]),
        family("warm indoor", [0xB98A5E, 0x8A5B38, 0xD9B48A, 0x5C3A24, 0xE9D6B8, 0x3B261A]),
        family("skin", [0xC99B7E, 0xE0B89C, 0xA8785C, 0x7D5540, 0xEED2BC, 0x5A3A2C]),
        family("night", [0x1D2027, 0x2E323B, 0x454A52, 0x12141A, 0x6B6455, 0x8F7B54]),
        family("sea", [0x3F6570, 0x6B8E96, 0x2B4650, 0x9DB5B8, 0xC9D4D2, 0x54707C]),
        family("red ceramic", [0xA82E1C, 0x7C2014, 0xC24A30, 0xE8E0D6, 0x4A1A12, 0x9A8C80]),
        family("painted wood", [0x7F8C8A, 0xA8AFA6, 0xC7C2B0, 0x5F6B70, 0x8A5A44, 0x3F4A50]),
        family("autumn", [0x9A5B24, 0xC08A3A, 0x6E3B1C, 0x7E7A3C, 0xD9B66A, 0x3E2A1A]),
        family("vivid", [0xC4241A, 0xE08A1E, 0x2F62B0, 0x3F8A3A, 0xE6C22E, 0x8A2F6B]),
        family("blue", [0x2F5D94, 0x5A8FC4, 0x1E3557, 0x8FB6D9, 0x43709E, 0xC4D6E6]),
        family("lime", [0xC6CC4A, 0x9DA83A, 0xD9DE8A, 0x6F7A2C, 0xE9EAC8, 0x8E8F8C]),
        family("snow", [0xE8ECF1, 0xCAD3DD, 0xA3AFBD, 0x6F7C8C, 0xF4F5F5, 0x4C5560]),
        family("white room", [0xE9E7E2, 0xD2CFC8, 0xB5B1A9, 0xF3F2EF, 0x8E8A84, 0x5B5854]),
        family("metal", [0x7B7F84, 0xA5A9AD, 0x54585C, 0xCFD2D4, 0x33363A, 0x8C8478]),
    ]
}
