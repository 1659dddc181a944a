/// Elementary functions from IEEE additions and multiplications only.
///
/// The C library picks other code for other CPUs (with or without fused multiply-add), whose last bits differ; a scene
/// must have the same bytes everywhere. Accuracy is about 1e-5, plenty for pictures.
enum PortableMath {
    /// The largest integer not above `x`; |x| must stay below 2^31.
    @inline(__always)
    static func floor(_ x: Float) -> Float {
        let truncated = Float(Int32(x))
        return truncated > x ? truncated - 1 : truncated
    }

    @inline(__always)
    static func sin(_ x: Float) -> Float {
        var turns = x * 0.159_154_94
        turns -= floor(turns + 0.5)
        if turns > 0.25 {
            turns = 0.5 - turns
        } else if turns < -0.25 {
            turns = -0.5 - turns
        }
        let y = turns * 6.283_185_3
        let z = y * y
        let high = 8.333_333e-3 + z * (-1.984_127e-4 + z * 2.755_732e-6)
        return y * (1 + z * (-0.166_666_67 + z * high))
    }

    @inline(__always)
    static func cos(_ x: Float) -> Float {
        sin(x + 1.570_796_4)
    }

    /// 2 to the power of `x`, clamped to the range of normal numbers.
    @inline(__always)
    static func exp2(_ x: Float) -> Float {
        let clamped = min(max(x, -126), 126)
        let whole = floor(clamped)
        let y = (clamped - whole) * 0.693_147_2
        let high = 4.166_666_5e-2 + y * (8.333_334e-3 + y * 1.388_889e-3)
        let fraction = 1 + y * (1 + y * (0.5 + y * (0.166_666_67 + y * high)))
        return fraction * Float(bitPattern: UInt32(Int32(whole) + 127) << 23)
    }

    @inline(__always)
    static func exp(_ x: Float) -> Float {
        exp2(x * 1.442_695)
    }

    /// The natural logarithm of a positive normal number; smaller ones count as the smallest normal number.
    @inline(__always)
    static func log(_ x: Float) -> Float {
        let bits = max(x, Float.leastNormalMagnitude).bitPattern
        var exponent = Float(Int32(bits >> 23) - 127)
        var mantissa = Float(bitPattern: (bits & 0x007F_FFFF) | 0x3F80_0000)
        if mantissa > 1.414_213_5 {
            mantissa *= 0.5
            exponent += 1
        }
        let s = (mantissa - 1) / (mantissa + 1)
        let z = s * s
        let series = 2 * s * (1 + z * (0.333_333_34 + z * (0.2 + z * 0.142_857_15)))
        return series + exponent * 0.693_147_2
    }

    /// `x` to the power of `y` for x >= 0.
    @inline(__always)
    static func pow(_ x: Float, _ y: Float) -> Float {
        x <= 0 ? 0 : exp(y * log(x))
    }

    /// The angle of the vector (x, y) in -pi...pi; 0 for the zero vector.
    @inline(__always)
    static func atan2(_ y: Float, _ x: Float) -> Float {
        let ax = abs(x)
        let ay = abs(y)
        let longer = max(ax, ay)
        if longer == 0 { return 0 }
        let a = min(ax, ay) / longer
        let s = a * a
        let high = 0.193_543_46 + s * (-0.116_432_87 + s * (0.052_653_32 - s * 0.011_721_2))
        var angle = a * (0.999_977_26 + s * (-0.332_623_47 + s * high))
        if ay > ax { angle = 1.570_796_4 - angle }
        if x < 0 { angle = 3.141_592_7 - angle }
        return y < 0 ? -angle : angle
    }

    /// 0 below `low`, 1 above `high`, a cubic between them.
    @inline(__always)
    static func smoothstep(_ low: Float, _ high: Float, _ x: Float) -> Float {
        let t = min(max((x - low) / (high - low), 0), 1)
        return t * t * (3 - 2 * t)
    }

    @inline(__always)
    static func clamp(_ x: Float) -> Float {
        min(max(x, 0), 1)
    }

    @inline(__always)
    static func mix(_ a: Float, _ b: Float, _ t: Float) -> Float {
        a + (b - a) * t
    }
}
