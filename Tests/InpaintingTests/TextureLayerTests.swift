import Diffusion
import Inpainting
import Testing

@Suite("A material in a hole")
struct TextureLayerTests {
    /// Checks of 8 pixels, 40 brighter and darker than a colour.
    private func checks(_ red: Int, _ green: Int, _ blue: Int, namesColour: Bool = false) -> PromptedTextures {
        let picture = (0..<96 * 96).flatMap { index -> [UInt8] in
            let sign = (index % 96 / 8 + index / 96 / 8) % 2 == 0 ? 40 : -40
            return [UInt8(red + sign), UInt8(green + sign), UInt8(blue + sign)]
        }
        return PromptedTextures(material: "checks", size: 96, pictures: [picture], namesColour: namesColour)
    }

    private func hole(_ side: Int, _ isHole: (Int, Int) -> Bool) -> [UInt8] {
        (0..<side * side).map { isHole($0 % side, $0 / side) ? 255 : 0 }
    }

    private func mean(_ planes: [Float], _ side: Int, _ channel: Int, _ isIn: (Int, Int) -> Bool) -> Float {
        let values = (0..<side * side).filter { isIn($0 % side, $0 / side) }.map { planes[channel * side * side + $0] }
        return values.reduce(0, +) / Float(values.count)
    }

    @Test func brightnessFollowsTheFillAndOnlyTheHoleChanges() {
        let side = 160
        func isHole(_ x: Int, _ y: Int) -> Bool { (30..<130).contains(x) && (30..<130).contains(y) }
        // From dark on the left to bright on the right.
        let fill = greyPlanes(side) { x, _ in 0.2 + 0.6 * Float(x) / Float(side) }
        var planes = fill
        let mask = hole(side, isHole)
        TextureLayer.lay(checks(128, 128, 128), over: &planes, mask: mask, width: side, height: side, seed: 1)
        #expect(fill.indices.allSatisfy { mask[$0 % (side * side)] != 0 || planes[$0] == fill[$0] })
        for (from, to) in [(40, 64), (96, 120)] {
            let own = mean(planes, side, 0) { x, y in (from..<to).contains(x) && (40..<120).contains(y) }
            let model = mean(fill, side, 0) { x, y in (from..<to).contains(x) && (40..<120).contains(y) }
            #expect(abs(own - model) < 0.06, "\(own), \(model)")
        }
        let inside = (0..<side * side).filter { (40..<120).contains($0 % side) && (40..<120).contains($0 / side) }
        #expect(spread(of: inside.map { planes[$0] - fill[$0] }).deviation > 0.1)
    }

    @Test func halfOfTheColourIsTheFillsAndAllOfItWhereThePromptNamesOne() {
        let side = 96
        func isHole(_ x: Int, _ y: Int) -> Bool { (16..<80).contains(x) && (16..<80).contains(y) }
        func redness(_ textures: PromptedTextures) -> Float {
            var planes = greyPlanes(side) { _, _ in 0.5 }
            TextureLayer.lay(textures, over: &planes, mask: hole(side, isHole), width: side, height: side, seed: 1)
            func isInside(_ x: Int, _ y: Int) -> Bool { (24..<72).contains(x) && (24..<72).contains(y) }
            return mean(planes, side, 0, isInside) - mean(planes, side, 2, isInside)
        }
        let own = redness(checks(170, 120, 70)), named = redness(checks(170, 120, 70, namesColour: true))
        #expect(own > 0.15 && own < 0.25 && abs(named) < 0.01, "\(own), \(named)")
    }

    @Test func itFadesInFromTheHolesBorderButNotFromThePhotos() {
        let side = 64
        var planes = greyPlanes(side) { _, _ in 0.5 }
        let mask = hole(side) { x, _ in x < 40 }
        TextureLayer.lay(checks(128, 128, 128), over: &planes, mask: mask, width: side, height: side, seed: 1)
        func contrast(_ x: Int) -> Float {
            (0..<side).map { abs(planes[$0 * side + x] - 0.5) }.reduce(0, +) / Float(side)
        }
        #expect(contrast(0) > 0.1 && contrast(20) > 0.1 && contrast(39) < 0.05, "\(contrast(0)), \(contrast(39))")
    }

    @Test func aTextureOfALargeHoleIsEnlarged() {
        let side = 900
        var planes = greyPlanes(side) { _, _ in 0.5 }
        let mask = hole(side) { x, y in (50..<850).contains(x) && (50..<850).contains(y) }
        TextureLayer.lay(checks(128, 128, 128), over: &planes, mask: mask, width: side, height: side, seed: 1)
        // How often a row goes through the middle: every 8 pixels in the picture, every 10 here.
        let row = (100..<800).map { planes[450 * side + $0] > 0.5 }
        let changes = zip(row, row.dropFirst()).count { $0 != $1 }
        #expect((60...78).contains(changes), "\(changes)")
    }

    // MARK: As a fill

    private func photo(_ bitDepth: Int) throws -> (RasterImage, FillMask) {
        let side = 128
        let samples: RasterImage.Samples =
            bitDepth == 8
            ? .u8([UInt8](repeating: 120, count: 3 * side * side))
            : .u16([UInt16](repeating: 30000, count: 3 * side * side))
        return (
            try RasterImage(width: side, height: side, samples: samples),
            try FillMask(
                width: side, height: side,
                values: hole(side) { x, y in (40..<90).contains(x) && (40..<90).contains(y) })
        )
    }

    private func pipeline() -> FakePipeline {
        let result = FakePipeline(hasTextEncoder: true) { $0.prefill }
        result.memory = checks(128, 128, 128)
        return result
    }

    @Test(arguments: [8, 16]) func aPromptThatNamesItFillsTheHoleWithIt(bitDepth: Int) throws {
        let (image, mask) = try photo(bitDepth)
        let result = try fill(image, mask, FillOptions(prompt: "checks of any kind"), with: pipeline())
        #expect(result.texture == "checks")
        let values = (0..<result.box.width * result.box.height).map { index -> Float in
            switch result.filled.samples {
            case .u8(let samples): Float(samples[3 * index]) / 255
            case .u16(let samples): Float(samples[3 * index]) / 65535
            }
        }
        #expect(spread(of: values).deviation > 0.08)
        for (index, opacity) in result.changed.values.enumerated() where opacity == 0 {
            #expect(abs(values[index] - (bitDepth == 8 ? 120.0 / 255 : 30000.0 / 65535)) < 1e-6)
        }
    }

    @Test func nothingIsLaidWhereNothingIsNamedOrWanted() throws {
        let (image, mask) = try photo(8)
        for options in [
            FillOptions(prompt: "a wall"), FillOptions(prompt: ""), FillOptions(prompt: "checks", detail: false),
            FillOptions(prompt: "checks", guidance: 0), FillOptions(),
        ] {
            let result = try fill(image, mask, options, with: pipeline())
            #expect(result.texture == nil && result.over(image).allSatisfy { $0 == 120 }, "\(options)")
        }
    }

    @Test func anotherSeedGivesAnotherPiece() throws {
        let (image, mask) = try photo(8)
        func samples(_ seed: UInt64) throws -> [Int] {
            try fill(image, mask, FillOptions(seed: seed, prompt: "checks"), with: pipeline()).over(image)
        }
        #expect(try samples(1) == samples(1))
        #expect(try Set((1...4).map { try samples($0) }).count > 1)
    }
}
