extension Palette {
    /// A family of colours that are seen together.
    enum Family: CaseIterable, Sendable {
        case gray, concrete, earth, foliage, overcast, skyAndSand, warmIndoor, skin, night, sea
        case redCeramic, paintedWood, autumn, vivid, blue, lime, snow, whiteRoom, metal

        /// Its colours as sRGB values in 0...1.
        var colors: [SIMD3<Float>] {
            switch self {
            case .gray: Self.rgb(0x8E8F8F, 0xB4B3B0, 0x5E5F61, 0xD5D4D2, 0x3A3B3D, 0x9C9A96)
            case .concrete: Self.rgb(0xA9A59E, 0x8B877F, 0xC7C3BB, 0x6D6A64, 0x4C4A46, 0xDCD9D2)
            case .earth: Self.rgb(0x6B5A45, 0x8F7A5E, 0x4A3E30, 0xB39C7B, 0x7A6A58, 0xC9B694)
            case .foliage: Self.rgb(0x4C5B2A, 0x33401F, 0x6F7B3D, 0x8A8F57, 0x232B16, 0x9BA36B)
            case .overcast: Self.rgb(0xA8B0B8, 0xC9CED3, 0x7E868E, 0x5A6067, 0xE3E6E8, 0x8C8F88)
            case .skyAndSand: Self.rgb(0x6E9ACB, 0xA9C4DF, 0xD9C9A8, 0xC2AA80, 0x8A7A62, 0xE6E2D8)
            case .warmIndoor: Self.rgb(0xB98A5E, 0x8A5B38, 0xD9B48A, 0x5C3A24, 0xE9D6B8, 0x3B261A)
            case .skin: Self.rgb(0xC99B7E, 0xE0B89C, 0xA8785C, 0x7D5540, 0xEED2BC, 0x5A3A2C)
            case .night: Self.rgb(0x1D2027, 0x2E323B, 0x454A52, 0x12141A, 0x6B6455, 0x8F7B54)
            case .sea: Self.rgb(0x3F6570, 0x6B8E96, 0x2B4650, 0x9DB5B8, 0xC9D4D2, 0x54707C)
            case .redCeramic: Self.rgb(0xA82E1C, 0x7C2014, 0xC24A30, 0xE8E0D6, 0x4A1A12, 0x9A8C80)
            case .paintedWood: Self.rgb(0x7F8C8A, 0xA8AFA6, 0xC7C2B0, 0x5F6B70, 0x8A5A44, 0x3F4A50)
            case .autumn: Self.rgb(0x9A5B24, 0xC08A3A, 0x6E3B1C, 0x7E7A3C, 0xD9B66A, 0x3E2A1A)
            case .vivid: Self.rgb(0xC4241A, 0xE08A1E, 0x2F62B0, 0x3F8A3A, 0xE6C22E, 0x8A2F6B)
            case .blue: Self.rgb(0x2F5D94, 0x5A8FC4, 0x1E3557, 0x8FB6D9, 0x43709E, 0xC4D6E6)
            case .lime: Self.rgb(0xC6CC4A, 0x9DA83A, 0xD9DE8A, 0x6F7A2C, 0xE9EAC8, 0x8E8F8C)
            case .snow: Self.rgb(0xE8ECF1, 0xCAD3DD, 0xA3AFBD, 0x6F7C8C, 0xF4F5F5, 0x4C5560)
            case .whiteRoom: Self.rgb(0xE9E7E2, 0xD2CFC8, 0xB5B1A9, 0xF3F2EF, 0x8E8A84, 0x5B5854)
            case .metal: Self.rgb(0x7B7F84, 0xA5A9AD, 0x54585C, 0xCFD2D4, 0x33363A, 0x8C8478)
            }
        }

        private static func rgb(_ codes: UInt32...) -> [SIMD3<Float>] {
            codes.map { SIMD3(Float($0 >> 16 & 255), Float($0 >> 8 & 255), Float($0 & 255)) / 255 }
        }
    }
}
