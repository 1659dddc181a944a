import ImageCodec
import Testing

/// What a mask file means, and what is refused.
@Suite struct MaskTests {
    private func mask(_ photo: TestPhoto, width: Int? = nil, height: Int? = nil) throws -> HoleMask {
        try HoleMask(file: FileBytes(photo.png()), width: width ?? photo.width, height: height ?? photo.height)
    }

    @Test func greyMaskFillsWhereItIsAtLeast128() throws {
        let read = try mask(TestPhoto(width: 4, height: 1, bands: 1, samples: [0, 127, 128, 255]))
        #expect(read.values == [0, 0, 255, 255] && read.fraction == 0.5)
    }

    @Test func colourMaskIsReadByItsBrightness() throws {
        // Green is bright (0.587), red (0.299) and blue (0.114) are not.
        let read = try mask(TestPhoto(width: 3, height: 1, bands: 3, samples: [255, 0, 0, 0, 255, 0, 0, 0, 255]))
        #expect(read.values == [0, 255, 0])
    }

    @Test func sixteenBitMaskIsReadByItsHighByte() throws {
        let low = UInt16(0x7FFF), high = UInt16(0x8000)
        let samples = [low, high].flatMap { value in withUnsafeBytes(of: value) { Array($0) } }
        #expect(try mask(TestPhoto(width: 2, height: 1, bands: 1, bitDepth: 16, samples: samples)).values == [0, 255])
    }

    @Test func alphaThatVariesDecidesAndConstantAlphaDoesNot() throws {
        let varies = TestPhoto(width: 2, height: 1, bands: 4, samples: [255, 255, 255, 0, 0, 0, 0, 255])
        #expect(try mask(varies).values == [0, 255])
        let constant = TestPhoto(width: 2, height: 1, bands: 4, samples: [255, 255, 255, 255, 0, 0, 0, 255])
        #expect(try mask(constant).values == [255, 0])
    }

    @Test func maskThatCoversMostIsReadWithAWarning() throws {
        let most = try mask(
            TestPhoto(width: 10, height: 1, bands: 1, samples: .init(repeating: 255, count: 7) + [0, 0, 0]))
        #expect(most.warnings == ["mask-covers-most"])
        let some = try mask(
            TestPhoto(width: 10, height: 1, bands: 1, samples: .init(repeating: 255, count: 6) + [0, 0, 0, 0]))
        #expect(some.warnings == [])
    }

    @Test func emptyMaskIsRefused() {
        expectError(reason: "mask-empty", argument: "mask") {
            _ = try mask(TestPhoto(width: 2, height: 2, bands: 1, samples: [0, 0, 0, 0]))
        }
    }

    @Test func maskThatCoversEverythingIsRefusedEvenFor1x1() {
        expectError(reason: "mask-covers-everything", argument: "mask") {
            _ = try mask(TestPhoto(width: 1, height: 1, bands: 1, samples: [255]))
        }
    }

    @Test func maskOfAnotherSizeIsRefusedWithBothSizesAndTheRemedy() throws {
        let photo = TestPhoto(width: 2, height: 2, bands: 1, samples: [0, 255, 0, 0])
        let error = expectError(reason: "mask-size", argument: "mask") { _ = try mask(photo, width: 30, height: 20) }
        let message = try #require(error?.message)
        #expect(message.contains("2x2") && message.contains("30x20") && message.contains("Scale the mask to 30x20"))
    }

    @Test func boxesFillTheirPixels() throws {
        let boxes = [PixelBox(x: 0, y: 0, width: 1, height: 1), PixelBox(x: 1, y: 1, width: 2, height: 1)]
        #expect(try HoleMask(boxes: boxes, width: 3, height: 2).values == [255, 0, 0, 0, 255, 255])
    }

    @Test(arguments: [
        PixelBox(x: 0, y: 0, width: 4, height: 1), PixelBox(x: -1, y: 0, width: 2, height: 1),
        PixelBox(x: 0, y: 2, width: 1, height: 1), PixelBox(x: 0, y: 0, width: 0, height: 1),
        PixelBox(x: 1, y: 1, width: .max, height: .max), PixelBox(x: .max, y: 0, width: 1, height: 1),
    ])
    func boxOutsideIsRefusedWithThePhotoSize(box: PixelBox) throws {
        let error = expectError(reason: "box-outside", argument: "box") {
            _ = try HoleMask(boxes: [box], width: 3, height: 2)
        }
        #expect(try #require(error?.message).contains("3x2"))
    }

    @discardableResult
    private func expectError(reason: String, argument: String, _ body: () throws -> Void) -> CodecError? {
        let error = #expect(throws: CodecError.self) { try body() }
        #expect(error?.code == .invalidArgument && error?.reason == reason && error?.argument == argument)
        return error
    }
}

/// Shapes, inversion and masks of another size.
@Suite struct MaskShapeTests {
    private func polygon(_ corners: [(Int, Int)], _ width: Int, _ height: Int, inverted: Bool = false) throws
        -> HoleMask
    {
        try HoleMask(
            boxes: [], polygons: [corners.map { PixelPoint(x: $0.0, y: $0.1) }], inverted: inverted, width: width,
            height: height)
    }

    private func picture(_ mask: HoleMask) -> [String] {
        (0..<mask.height).map { y in
            String(mask.values[y * mask.width..<(y + 1) * mask.width].map { $0 == 255 ? "#" : "." })
        }
    }

    @Test func aPolygonWithTheCornersOfABoxIsTheBox() throws {
        let box = try HoleMask(boxes: [PixelBox(x: 1, y: 2, width: 4, height: 3)], width: 7, height: 6)
        for corners in [[(1, 2), (5, 2), (5, 5), (1, 5)], [(1, 5), (5, 5), (5, 2), (1, 2)]] {
            #expect(try polygon(corners, 7, 6).values == box.values)
        }
    }

    @Test func polygonsFillThePixelsWhoseCentresTheyGoAround() throws {
        #expect(
            try picture(polygon([(0, 0), (6, 0), (0, 6)], 6, 6)) == [
                "#####.", "####..", "###...", "##....", "#.....", "......",
            ])
        // The star of five lines: its middle is gone around twice.
        let star = try picture(polygon([(10, 0), (16, 20), (0, 7), (20, 7), (4, 20)], 20, 20))
        #expect(star[10].dropFirst(8).prefix(4) == "####")
    }

    @Test func invertedShapesFillTheRest() throws {
        let mask = try polygon([(0, 0), (2, 0), (2, 2), (0, 2)], 4, 2, inverted: true)
        #expect(mask.values == [0, 0, 255, 255, 0, 0, 255, 255])
        #expect(throws: CodecError.self) { _ = try polygon([(0, 0), (4, 0), (4, 2), (0, 2)], 4, 2, inverted: true) }
    }

    @Test(arguments: [
        ([(0, 0), (4, 0)], "polygon-corners"), ([(0, 0), (5, 0), (0, 2)], "polygon-outside"),
        ([(0, 0), (4, -1), (0, 2)], "polygon-outside"), ([(0, 0), (.max, .max), (0, 2)], "polygon-outside"),
        ([(0, 0), (4, 0), (2, 0)], "mask-empty"), ([(0, 0), (4, 0), (4, 2), (0, 2)], "mask-covers-everything"),
    ])
    func polygonsThatCannotBeAreRefused(corners: [(Int, Int)], reason: String) {
        let error = #expect(throws: CodecError.self) { _ = try polygon(corners, 4, 2) }
        #expect(error?.reason == reason && error?.argument == "polygon")
    }

    @Test func invertedMaskFillsWhatIsBlack() throws {
        let file = try FileBytes(TestPhoto(width: 4, height: 1, bands: 1, samples: [0, 0, 0, 255]).png())
        #expect(try HoleMask(file: file, width: 4, height: 1, inverted: true).values == [255, 255, 255, 0])
        let white = try FileBytes(
            TestPhoto(width: 4, height: 1, bands: 1, samples: .init(repeating: 255, count: 4)).png())
        let error = #expect(throws: CodecError.self) {
            _ = try HoleMask(file: white, width: 4, height: 1, inverted: true)
        }
        #expect(error?.reason == "mask-empty")
    }

    @Test(arguments: [(40, 20), (11, 7), (20, 10), (120, 90), (33, 5)])
    func fittedMaskCoversTheSamePartOfThePhoto(width: Int, height: Int) throws {
        let values = (0..<200).map { i in UInt8(i % 20 >= 5 && i % 20 < 15 && i / 20 >= 5 ? 255 : 0) }
        let file = try FileBytes(TestPhoto(width: 20, height: 10, bands: 1, samples: values).png())
        let mask = try HoleMask(file: file, width: width, height: height, fits: true)
        for y in 0..<height {
            for x in 0..<width {
                let (u, v) = ((Double(x) + 0.5) / Double(width), (Double(y) + 0.5) / Double(height))
                let edge = max(1 / Double(width), 1 / 20) * 0.51, row = max(1 / Double(height), 1 / 10) * 0.51
                // Near the rim either will do.
                guard abs(u - 0.25) > edge, abs(u - 0.75) > edge, abs(v - 0.5) > row else { continue }
                #expect((mask.values[y * width + x] == 255) == (u > 0.25 && u < 0.75 && v > 0.5), "\(x),\(y)")
            }
        }
        #expect(abs(mask.fraction - 0.25) < 0.1)
    }
}
