import Inpainting
import Testing

/// Contrast is raised where there is less than the surroundings lead to expect, and nowhere else.
@Suite struct ContrastRestorationTests {
    private let side = 192
    private let hole = PixelBox(x: 64, y: 64, width: 64, height: 64)

    private func isHole(_ x: Int, _ y: Int) -> Bool {
        (hole.x..<(hole.x + hole.width)).contains(x) && (hole.y..<(hole.y + hole.height)).contains(y)
    }

    private func planes(_ value: (Int, Int) -> Float) -> [Float] { greyPlanes(side, value) }

    /// Noise around 0.5, in the hole `share` times as strong as around it.
    private func noise(_ share: Float) -> [Float] {
        var random = TestRandom(11)
        return planes { x, y in 0.5 + Float(random.int(-100...100)) / 1000 * (isHole(x, y) ? share : 1) }
    }

    private func restored(_ planes: [Float], shares: [Float]? = nil) -> [Float] {
        let mask = (0..<(side * side)).map { isHole($0 % side, $0 / side) ? UInt8(255) : 0 }
        let bands = DetailBands(planes: planes, mask: mask, width: side, height: side, cell: 2, colourBlur: 3.5)
        var result = planes
        result.withUnsafeMutableBufferPointer {
            ContrastRestoration(of: UnsafeBufferPointer($0), bands: bands).apply(
                to: $0, box: hole, shares: shares ?? [Float](repeating: 1, count: hole.width * hole.height))
        }
        return result
    }

    /// Mean and standard deviation well inside of the hole.
    private func inside(_ planes: [Float]) -> (mean: Float, deviation: Float) {
        spread(of: (76..<116).flatMap { y in (76..<116).map { planes[y * side + $0] } })
    }

    @Test func faintTextureIsRaisedByHalfAtMost() {
        let before = noise(0.3)
        let (old, new) = (inside(before), inside(restored(before)))
        #expect(new.deviation / old.deviation > 1.4 && new.deviation / old.deviation <= 1.5)
        #expect(abs(new.mean - old.mean) < 0.001)
    }

    @Test func whatLacksLittleIsRaisedByThat() {
        let before = noise(0.8)
        let ratio = inside(restored(before)).deviation / inside(before).deviation
        #expect(ratio > 1.1 && ratio < 1.35, "\(ratio)")
    }

    @Test func texturesAsLoudAsTheSurroundingsStay() {
        let before = noise(1.3)
        let ratio = inside(restored(before)).deviation / inside(before).deviation
        #expect(ratio >= 1 && ratio < 1.02, "\(ratio)")
    }

    @Test func anEdgeInSmoothSurroundingsStaysToTheBit() {
        let before = planes { x, y in isHole(x, y) && x + y > 192 ? 0.8 : 0.3 }
        #expect(restored(before) == before)
    }

    @Test func onlyPixelsWithAShareChange() {
        let before = noise(0.3)
        let shares = (0..<(hole.width * hole.height)).map { $0 % hole.width < 32 ? Float(0) : 1 }
        let after = restored(before, shares: shares)
        let changed = before.indices.filter { before[$0] != after[$0] }.map { $0 % (side * side) }
        #expect(changed.count > 5_000)
        #expect(changed.allSatisfy { isHole($0 % side, $0 / side) && $0 % side >= hole.x + 32 })
        #expect(after.allSatisfy { (0...1).contains($0) })
    }
}
