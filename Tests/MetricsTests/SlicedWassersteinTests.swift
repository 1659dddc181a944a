import Layers
import Metrics
import Testing

@Suite struct SlicedWassersteinTests {
    /// White noise of a deviation around grey.
    private func noise(_ deviation: Float, seed: UInt64, side: Int = 64) -> MetricImage {
        var random = SeededRandom(seed: seed)
        return MetricImage(
            width: side, height: side, values: (0..<(3 * side * side)).map { _ in 0.5 + deviation * random.normal() })
    }

    private func distance(_ a: [MetricImage], _ b: [MetricImage], masks: [[UInt8]]? = nil) throws -> Double {
        try #require(
            SlicedWasserstein.distance(
                SlicedWasserstein.descriptors(of: a, masks: masks),
                reference: SlicedWasserstein.descriptors(of: b, masks: masks)))
    }

    @Test func aSetIsAtDistanceZeroFromItself() throws {
        let set = (0..<3).map { noise(0.05, seed: $0) }
        #expect(try distance(set, set) == 0)
    }

    /// Twice the contrast around the mean moves a projected value z, which has deviation 1 after normalisation, to 2z:
    /// by E|z| = √(2/π) on average, the same at every level.
    @Test func twiceTheContrastIsTheMeanAbsoluteNormalValue() throws {
        let set = (0..<8).map { noise(0.04, seed: $0) }, twice = (0..<8).map { noise(0.08, seed: $0) }
        #expect(abs(try distance(twice, set) - 797.9) < 40)
    }

    /// No texture at all: every value at the reference's mean, again √(2/π) away.
    @Test func noTextureIsAsFarAsTwiceOfIt() throws {
        let set = (0..<8).map { noise(0.04, seed: $0) }, flat = (0..<8).map { noise(0, seed: $0) }
        #expect(abs(try distance(flat, set) - 797.9) < 40)
    }

    @Test func otherDrawsOfOneTextureAreNear() throws {
        let a = (0..<8).map { noise(0.05, seed: $0) }, b = (0..<8).map { noise(0.05, seed: 100 + $0) }
        #expect(try distance(a, b) < 100)
    }

    @Test func onlyPatchesCentredInTheHoleCount() throws {
        let side = 64
        let truth = noise(0.05, seed: 1, side: side)
        var values = truth.values
        // Another texture outside of the left half, further off than a patch of the coarsest level reaches.
        for i in values.indices where i % side >= 48 { values[i] = 0 }
        let changed = MetricImage(width: side, height: side, values: values)
        let left = (0..<(side * side)).map { $0 % side < 8 ? UInt8(255) : 0 }
        let right = left.map { 255 - $0 }
        #expect(try distance([changed], [truth], masks: [left]) == 0)
        #expect(try distance([changed], [truth], masks: [right]) > 500)
    }

    @Test func holesWithoutAPatchGiveNoDistance() {
        let picture = noise(0.1, seed: 1, side: 16)
        let corner = (0..<256).map { $0 == 0 ? UInt8(255) : 0 }
        let patches = SlicedWasserstein.descriptors(of: [picture], masks: [corner])
        #expect(SlicedWasserstein.distance(patches, reference: patches) == nil)
    }

    @Test func setsOfOtherSizesCompareTheirLevelsInCommon() throws {
        let small = SlicedWasserstein.descriptors(of: [noise(0.05, seed: 1, side: 32)])
        let large = SlicedWasserstein.descriptors(of: (0..<3).map { noise(0.05, seed: $0, side: 100) })
        #expect((small.levelCount, large.levelCount) == (2, 3))
        #expect(try #require(SlicedWasserstein.distance(small, reference: large)) > 0)
    }
}
