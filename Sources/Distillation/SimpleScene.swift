import Foundation
import Layers

/// The first lesson: flat and shaded shapes with sharp edges, lines and nothing else. What lies behind a hole follows
/// from its sides, so a network learns here to carry an edge on; among textures it needs many times as long.
enum SimpleScene {
    /// RGB interleaved, `side` x `side`. A function of the seed.
    static func pixels(seed: UInt64, side: Int) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        func uniform(_ low: Float, _ high: Float) -> Float { low + (high - low) * random.uniform() }
        let span = Float(side), contrast = uniform(0.15, 1)
        func colour() -> SIMD3<Float> {
            let grey = 0.5 + contrast * uniform(-0.5, 0.5), tint = contrast * 0.3
            return SIMD3(grey + tint * uniform(-0.5, 0.5), grey, grey + tint * uniform(-0.5, 0.5))
        }
        var canvas = [SIMD3<Float>](repeating: colour(), count: side * side)
        let softness = random.uniform() < 0.3 ? uniform(1, 5) : uniform(0.7, 1.2)
        for _ in 0..<(6 + Int(random.next() % 24)) {
            let kind = random.next() % 4
            let (cx, cy) = (uniform(0, span), uniform(0, span)), angle = uniform(0, 2 * .pi)
            let axis = SIMD2(cosf(angle), sinf(angle))
            let size = span * 0.04 * powf(12, random.uniform()), ratio = uniform(0.3, 1)
            let thin = uniform(1, 5), inside = colour(), slope = (colour() - colour()) * (0.5 / span)
            for y in 0..<side {
                for x in 0..<side {
                    let d = SIMD2(Float(x) - cx, Float(y) - cy)
                    let u = d.x * axis.x + d.y * axis.y, v = d.y * axis.x - d.x * axis.y
                    let distance: Float
                    switch kind {
                    case 0: distance = (d.x * d.x + d.y * d.y).squareRoot() - size
                    case 1: distance = max(abs(u) - size, abs(v) - size * ratio)
                    case 2: distance = abs(v) - thin
                    default: distance = u - size
                    }
                    guard distance < softness else { continue }
                    let cover = min(max(0.5 - distance / softness, 0), 1)
                    // Half planes hide all that was there before; let few of them.
                    canvas[y * side + x] += (inside + slope * u - canvas[y * side + x]) * cover
                }
            }
        }
        let noise = uniform(0, 0.006)
        return canvas.flatMap { pixel in
            (0..<3).map { UInt8((min(max(pixel[$0] + noise * random.normal(), 0), 1) * 255).rounded()) }
        }
    }
}
