/// The harmonic (Laplace) fill of a hole, the plainest of the classical fills that a table compares with: each pixel the
/// mean of its neighbours, found by successive over-relaxation.
enum HarmonicFill {
    /// - Parameters:
    ///   - image: planar [channels, height, width]; what lies under the mask is not looked at.
    ///   - mask: [height, width], above 0 in the hole.
    static func fill(_ image: [Float], mask: [Float], width: Int, height: Int, sweeps: Int = 400) -> [Float] {
        let plane = width * height, hole = (0..<plane).filter { mask[$0] > 0 }
        var result = image
        for first in stride(from: 0, to: image.count, by: plane) {
            var sum: Float = 0
            for i in 0..<plane where mask[i] == 0 { sum += image[first + i] }
            let mean = sum / Float(max(plane - hole.count, 1))
            for i in hole { result[first + i] = mean }
            for _ in 0..<sweeps {
                for i in hole {
                    let (x, y) = (i % width, i / width)
                    var around: Float = 0, count: Float = 0
                    if x > 0 { (around, count) = (around + result[first + i - 1], count + 1) }
                    if x < width - 1 { (around, count) = (around + result[first + i + 1], count + 1) }
                    if y > 0 { (around, count) = (around + result[first + i - width], count + 1) }
                    if y < height - 1 { (around, count) = (around + result[first + i + width], count + 1) }
                    // 1.9: near the best factor for holes of some dozens of pixels.
                    result[first + i] += 1.9 * (around / max(count, 1) - result[first + i])
                }
            }
        }
        return result
    }
}
