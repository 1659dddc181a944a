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
