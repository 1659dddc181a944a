import Inpainting
import Testing

/// Detail comes from the surroundings, fits them, and brings no objects along.
@Suite struct DetailTransferTests {
    private let side = 320
    private let cell = 8

    private func planes(_ value: (Int, Int) -> Float) -> [Float] { greyPlanes(side, value) }

    private func isHole(_ x: Int, _ y: Int) -> Bool { (112..<208).contains(x) && (112..<208).contains(y) }

    private var mask: [UInt8] { (0..<(side * side)).map { isHole($0 % side, $0 / side) ? 255 : 0 } }

    private func transferred(_ planes: [Float]) -> [Float] {
        var result = planes
        DetailTransfer.apply(to: &result, mask: mask, width: side, height: side, cell: cell)
        return result
    }

    /// The standard deviation of one channel where `isThere` says so.
    private func deviation(_ planes: [Float], _ isThere: (Int, Int) -> Bool) -> Float {
        let values = (0..<(side * side)).filter { isThere($0 % side, $0 / side) }.map { planes[$0] }
        return spread(of: values).deviation
    }

    private func inner(_ x: Int, _ y: Int) -> Bool { (144..<176).contains(x) && (144..<176).contains(y) }

    @Test func aSmoothHoleInTextureGetsAsMuchOfItAsTheSurroundings() {
        var random = TestRandom(3)
        let noise = (0..<(side * side)).map { _ in Float(random.int(-100...100)) / 1000 }
        let before = planes { x, y in 0.5 + (isHole(x, y) ? 0 : noise[y * side + x]) }
        let after = transferred(before)
        let around = deviation(before) { x, _ in x < 96 }
        #expect(deviation(before, inner) == 0)
        #expect(deviation(after, inner) > 0.7 * around && deviation(after, inner) < 1.3 * around)
    }

    @Test func knownPixelsAreNotTouched() {
        var random = TestRandom(5)
        let before = planes { x, y in isHole(x, y) ? 0.4 : Float(random.int(0...1000)) / 1000 }
        let after = transferred(before)
        let isSame = before.indices.allSatisfy {
            let pixel = $0 % (side * side)
            return isHole(pixel % side, pixel / side) || before[$0] == after[$0]
        }
        #expect(isSame)
        #expect(after.allSatisfy { (0...1).contains($0) })
        #expect(after == transferred(before), "the same crop gives the same picture")
    }

    @Test func aSmoothPhotoStaysSmooth() {
        let before = planes { x, y in 0.2 + Float(x + y) / 1600 }
        let after = transferred(before)
        let largest = zip(before, after).map { abs($0 - $1) }.max() ?? 0
        // The bands of a slope are not quite nothing where they end: at the rim and at the crop's border.
        #expect(largest < 4.0 / 255)
    }

    @Test func aLineElsewhereIsNotDraggedIntoTheHole() {
        let before = planes { x, _ in (40..<44).contains(x) ? 0.9 : 0.3 }
        let after = transferred(before)
        let largest =
            (0..<(side * side)).filter { isHole($0 % side, $0 / side) }.map { abs(after[$0] - 0.3) }.max() ?? 0
        #expect(largest < 2.0 / 255)
    }

    @Test func textureStaysWithItsColour() {
        // Dark gravel below, a brighter even wall above; the hole cuts both.
        var random = TestRandom(13)
        let noise = (0..<(side * side)).map { _ in Float(random.int(-100...100)) / 1000 }
        let middle = side / 2
        let before = planes { x, y in y < middle ? 0.42 : 0.3 + (isHole(x, y) ? 0 : noise[y * side + x]) }
        var after = before
        DetailTransfer.apply(to: &after, mask: mask, width: side, height: side, cell: 4)
        let around = deviation(before) { x, y in x < 96 && y > middle + 16 }
        let gravel = deviation(after) { inner($0, 160) && $1 > middle + 16 && $1 < 200 }
        let wall = deviation(after) { inner($0, 160) && $1 < middle - 16 && $1 > 116 }
        #expect(gravel > 0.7 * around && gravel < 1.3 * around, "\(gravel) of \(around)")
        #expect(wall < 0.2 * around, "\(wall) of \(around)")
    }

    @Test func whatIsThinIsLeftToTheModel() {
        var random = TestRandom(17)
        // A disc 60 pixels across in the middle, and a stroke of 12 from it to the right.
        func isHole(_ x: Int, _ y: Int) -> Bool {
            let (dx, dy) = (x - 100, y - 160)
            return dx * dx + dy * dy < 900 || (x >= 100 && x < 280 && abs(dy) < 6)
        }
        let before = planes { x, y in isHole(x, y) ? 0.5 : 0.5 + Float(random.int(-100...100)) / 1000 }
        let hole = (0..<(side * side)).map { isHole($0 % side, $0 / side) ? UInt8(255) : 0 }
        func filled(thinnest: Int) -> [Float] {
            var result = before
            DetailTransfer.apply(
                to: &result, mask: hole, width: side, height: side, cell: 4, thinnest: thinnest)
            return result
        }
        func isStroke(_ x: Int, _ y: Int) -> Bool { x > 150 && x < 280 && abs(y - 160) < 5 }
        func isDisc(_ x: Int, _ y: Int) -> Bool { abs(x - 100) < 14 && abs(y - 160) < 14 }
        let (all, thick) = (filled(thinnest: 0), filled(thinnest: 24))
        #expect(deviation(all, isStroke) > 0.02 && deviation(all, isDisc) > 0.03)
        #expect(deviation(thick, isStroke) == 0 && deviation(thick, isDisc) > 0.03)
        #expect(filled(thinnest: 80) == before, "no disc of 80 pixels fits in")
    }

    @Test func aCropWithoutRoomForAPatchStaysAsItIs() {
        let before = [Float](repeating: 0.5, count: 3 * 64 * 64)
        var after = before
        let mask = (0..<(64 * 64)).map { $0 % 64 > 20 ? UInt8(255) : 0 }
        DetailTransfer.apply(to: &after, mask: mask, width: 64, height: 64, cell: 8)
        #expect(after == before)
    }

    @Test(
        arguments: [
            (nil, nil, true), (nil, false, false), (2, nil, false), (2, true, true), (1, nil, false),
        ] as [(Int?, Bool?, Bool)])
    func stepsThatAreNamedShowTheModelAlone(steps: Int?, detail: Bool?, isTextured: Bool) throws {
        let side = 240
        var random = TestRandom(19)
        let samples = (0..<(3 * side * side)).map { _ in UInt8(random.int(90...150)) }
        let image = try RasterImage(width: side, height: side, samples: .u8(samples))
        let mask = try FillMask(
            width: side, height: side,
            values: (0..<(side * side)).map { i in
                (90..<150).contains(i % side) && (90..<150).contains(i / side) ? 255 : 0
            })
        let ours = try fill(image, mask, FillOptions(steps: steps, detail: detail), with: .identity()).over(image)
        let differences = (110..<130).flatMap { y in
            (110..<130).map { x in abs(ours[3 * (y * side + x)] - ours[3 * (y * side + x + 1)]) }
        }
        // Independent numbers from 0 to 60 differ by 20 in the mean.
        let rough = Double(differences.reduce(0, +)) / Double(differences.count)
        #expect(isTextured ? rough > 10 && rough < 30 : rough < 4, "\(rough)")
    }

    @Test func aLargeHoleOfAPhotoGetsTextureThroughTheWholeTask() throws {
        let side = 1100
        var random = TestRandom(8)
        let samples = (0..<(3 * side * side)).map { _ in UInt8(random.int(90...150)) }
        let image = try RasterImage(width: side, height: side, samples: .u8(samples))
        let mask = try FillMask(
            width: side, height: side,
            values: (0..<(side * side)).map { i in
                (200..<900).contains(i % side) && (200..<900).contains(i / side) ? 255 : 0
            })
        let result = try fill(image, mask, FillOptions(steps: 1), with: .identity())
        let (ours, smooth) = (result.over(image), result.over(image, result.classical))
        func spread(_ values: [Int]) -> Double {
            let inside = (500..<600).flatMap { y in (500..<600).map { x in Double(values[3 * (y * side + x)]) } }
            let mean = inside.reduce(0, +) / Double(inside.count)
            return (inside.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(inside.count)).squareRoot()
        }
        // Uniform numbers from 90 to 150 have a deviation of 17.6.
        #expect(spread(smooth) < 2 && spread(ours) > 12 && spread(ours) < 23)
    }
}
