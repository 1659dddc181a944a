/// Holes as users make them: rectangles, brush strokes, blobs, scratches, some of them touching the border.
public struct RandomMask: Sendable {
    /// A mask with 255 in the hole and 0 elsewhere, row-major.
    ///
    /// Deterministic in `seed` and size. The hole covers 2 to 35 % of the picture, mostly 5 to 25 %, and
    /// scales with it.
    public static func make(width: Int, height: Int, seed: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed ^ 0x6D61_736B)
        let total = Float(width * height)
        let wanted = PortableMath.clamp(0.13 + 0.06 * random.normal())
        let target = min(max(wanted, 0.03), 0.3)
        var best = [UInt8](repeating: 0, count: width * height)
        var bestError = Float.greatestFiniteMagnitude
        for _ in 0..<12 {
            let mask = candidate(width: width, height: height, target: target, &random)
            var filled = 0
            for value in mask where value != 0 { filled += 1 }
            let share = Float(filled) / total
            let error = share < 0.02 || share > 0.35 ? 10 + abs(share - target) : abs(share - target)
            if error < bestError {
                bestError = error
                best = mask
            }
            if error < 0.06 { break }
        }
        return bestError >= 10 ? rectangle(width: width, height: height, share: target, &random) : best
    }

    /// Many thin strokes, 4 to 14 pixels wide, over 10 to 20 % of the picture: holes whose two sides say what lies between.
    public static func scratches(width: Int, height: Int, seed: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed ^ 0x7363_7261)
        var mask = [UInt8](repeating: 0, count: width * height)
        let size = Float(min(width, height)), target = Int(random.uniform(0.1...0.2) * Float(width * height))
        var filled = 0
        for _ in 0..<24 where filled < target {
            let radius = random.logUniform(2...7)
            let stroke = Stroke(
                wandering: &random,
                from: SIMD2(random.uniform(0...Float(width)), random.uniform(0...Float(height))),
                angle: random.angle(), length: size * random.uniform(0.3...1.2), radius: radius,
                endRadius: radius * random.uniform(0.7...1.2), curvature: random.uniform(0...4) / size,
                restlessness: random.chance(0.3) ? random.uniform(0...0.35) : 0)
            let stencil = Stencil([stroke], width: width, height: height)
            let columns = stencil.columns(within: width)
            for y in stencil.rows(within: height) {
                let line = (y - stencil.minY) * stencil.width - stencil.minX
                for x in columns where stencil.distances[line + x] < 0 && mask[y * width + x] == 0 {
                    mask[y * width + x] = 255
                    filled += 1
                }
            }
        }
        return mask
    }

    /// One rectangle over 40 to 80 % of the picture, somewhere in it.
    public static func wide(width: Int, height: Int, seed: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed ^ 0x7769_6465)
        return rectangle(width: width, height: height, share: random.uniform(0.4...0.8), &random)
    }

    private static func candidate(
        width: Int, height: Int, target: Float, _ random: inout SeededGenerator
    ) -> [UInt8] {
        var mask = [UInt8](repeating: 0, count: width * height)
        let size = Float(min(width, height))
        func mark(_ stencil: Stencil) {
            let columns = stencil.columns(within: width)
            for y in stencil.rows(within: height) {
                let line = (y - stencil.minY) * stencil.width - stencil.minX
                for x in columns where stencil.distances[line + x] < 0 { mask[y * width + x] = 255 }
            }
        }
        func place() -> SIMD2<Float> {
            SIMD2(random.uniform(0...Float(width)), random.uniform(0...Float(height)))
        }
        func brush(radius: Float, length: Float) {
            let restless = random.chance(0.5) ? random.uniform(0...0.35) : 0
            let stroke = Stroke(
                wandering: &random, from: place(), angle: random.angle(), length: length, radius: radius,
                endRadius: radius * random.uniform(0.6...1.3), curvature: random.uniform(0...4) / size,
                restlessness: restless)
            mark(Stencil([stroke], width: width, height: height))
        }
        switch random.index(weights: [0.34, 0.36, 0.16, 0.14]) {
        case 0:
            let count = random.pick([1, 1, 1, 2, 2, 3, 4])
            for _ in 0..<count {
                let area = target * Float(width * height) / Float(count)
                let aspect = random.logUniform(0.4...2.5)
                let halfWidth = min((area * aspect).squareRoot() / 2, Float(width) * 0.45)
                let halfHeight = min((area / aspect).squareRoot() / 2, Float(height) * 0.45)
                var at = place()
                if !random.chance(0.2) {
                    // Keep most rectangles off the border.
                    at.x = min(max(at.x, halfWidth + 2), Float(width) - halfWidth - 2)
                    at.y = min(max(at.y, halfHeight + 2), Float(height) - halfHeight - 2)
                }
                let angle: Float = random.chance(0.15) ? random.angle() : 0
                mark(
                    Stencil(
                        Slab(x: at.x, y: at.y, halfWidth: halfWidth, halfHeight: halfHeight, angle: angle),
                        width: width,
                        height: height))
            }
        case 1:
            let count = random.integer(1...5)
            let radius = size * random.logUniform(0.018...0.085)
            let length = target * Float(width * height) / (2 * radius * Float(count))
            for _ in 0..<count { brush(radius: radius, length: min(length, 4 * size)) }
        case 2:
            let count = random.pick([1, 1, 2, 3])
            for _ in 0..<count {
                let at = place()
                let radius = (target * Float(width * height) / (Float(count) * .pi)).squareRoot()
                let harmonics = (0..<4).map { order in
                    SIMD2(random.uniform(0...0.3) / Float(order + 1), random.angle())
                }
                mark(
                    Stencil(
                        Blob(
                            x: at.x, y: at.y, radius: radius, stretch: random.logUniform(0.6...1.6),
                            angle: random.angle(),
                            harmonics: harmonics), width: width, height: height))
            }
        default:
            let count = random.integer(2...9)
            for _ in 0..<count {
                let radius = max(size * random.logUniform(0.006...0.02), 1)
                brush(radius: radius, length: size * random.uniform(0.4...1.8))
            }
        }
        return mask
    }

    private static func rectangle(
        width: Int, height: Int, share: Float, _ random: inout SeededGenerator
    ) -> [UInt8] {
        let side = share.squareRoot()
        let holeWidth = max(Int(Float(width) * side), 1)
        let holeHeight = max(Int(Float(height) * side), 1)
        let x0 = random.integer(0...(width - holeWidth))
        let y0 = random.integer(0...(height - holeHeight))
        var mask = [UInt8](repeating: 0, count: width * height)
        for y in y0..<(y0 + holeHeight) {
            for x in x0..<(x0 + holeWidth) { mask[y * width + x] = 255 }
        }
        return mask
    }
}
