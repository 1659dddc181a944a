/// The brightness of gamma-encoded RGB by ITU-R BT.601, the weights that JPEG uses, rounded. Equal parts give
/// themselves.
@inline(__always)
func luma<Sample: FixedWidthInteger & UnsignedInteger>(_ red: Sample, _ green: Sample, _ blue: Sample) -> Sample {
    // 0.299, 0.587 and 0.114 in 65536ths; they add up to 65536.
    let sum: UInt64 = 19595 * UInt64(red) &+ 38470 * UInt64(green) &+ 7471 * UInt64(blue)
    return Sample((sum &+ 32768) >> 16)
}
