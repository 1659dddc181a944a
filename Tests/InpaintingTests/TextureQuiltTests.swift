import Diffusion
import Inpainting
import Layers
import Testing

@Suite("Quilts of a texture")
struct TextureQuiltTests {
    private static let size = 96

    /// Stripes of a period, `[96, 96, 3]`.
    private func stripes(_ period: Int) -> [UInt8] {
        (0..<Self.size * Self.size).flatMap { index -> [UInt8] in
            index % Self.size % period < period / 2 ? [200, 150, 100] : [20, 30, 40]
        }
    }

    private func quilt(
        _ source: [UInt8], _ width: Int, _ height: Int, seed: UInt64 = 1, wanted: ((Int, Int) -> Bool)? = nil
    ) -> TextureQuilt {
        let all = (0..<width * height).map { wanted?($0 % width, $0 / width) ?? true }
        return TextureQuilt(
            source, size: Self.size, width: width, height: height, wanted: all, random: SeededRandom(seed: seed))
    }

    @Test func stripesGoOnAsTheyAre() {
        let (width, height) = (250, 130)
        let result = quilt(stripes(12), width, height)
        // Where a stripe begins, it begins in all rows, and each is as wide as the source's.
        let first = (0..<width).map { result.pixels[3 * $0] }
        let isSame = (0..<height).allSatisfy { y in
            (0..<width).allSatisfy { result.pixels[3 * (y * width + $0)] == first[$0] }
        }
        #expect(isSame)
        let edges = (1..<width).filter { first[$0] != first[$0 - 1] }
        #expect(zip(edges, edges.dropFirst()).allSatisfy { $1 - $0 == 6 }, "\(edges)")
    }

    @Test func everyPixelIsOneOfTheSourceAndTheSeedDecidesWhich() {
        var random = TestRandom(4)
        let source = (0..<Self.size * Self.size).flatMap { _ -> [UInt8] in
            let grey = UInt8(random.int(0...9))
            return [grey, grey &+ 10, grey &+ 20]
        }
        let (one, same, other) = (quilt(source, 150, 100), quilt(source, 150, 100), quilt(source, 150, 100, seed: 2))
        for index in 0..<150 * 100 {
            let pixel = one.pixels[(3 * index)..<(3 * index + 3)]
            #expect(pixel.first.map { pixel.elementsEqual([$0, $0 + 10, $0 + 20]) && $0 < 10 } == true)
        }
        #expect(one.pixels == same.pixels && one.pixels != other.pixels)
    }

    @Test func aSmallOneIsAPieceOfTheSource() {
        var random = TestRandom(5)
        let source = (0..<3 * Self.size * Self.size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let piece = quilt(source, 40, 30)
        let found = (0...(Self.size - 30)).contains { y in
            (0...(Self.size - 40)).contains { x in
                (0..<30).allSatisfy { row in
                    let from = 3 * ((y + row) * Self.size + x)
                    return source[from..<(from + 120)].elementsEqual(piece.pixels[(120 * row)..<(120 * row + 120)])
                }
            }
        }
        #expect(found)
    }

    @Test func whatIsNotWantedIsLeftOut() {
        let result = quilt(stripes(12), 400, 300) { x, y in x < 30 && y < 30 }
        #expect((0..<30 * 30).allSatisfy { result.pixels[3 * ($0 / 30 * 400 + $0 % 30)] != 0 })
        #expect((0..<3).allSatisfy { result.pixels[3 * (299 * 400 + 399) + $0] == 0 })
    }
}
