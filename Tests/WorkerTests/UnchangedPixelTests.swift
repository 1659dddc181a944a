import ImageCodec
import Testing

/// Pixels outside of the changed mask come back bit for bit.
@Suite struct UnchangedPixelTests {
    @Test func encodeKeepsEveryUnchangedSampleOf1000RandomPhotos() throws {
        var numbers = SeededNumbers(seed: 2)
        for round in 0..<1000 {
            let photo = TestPhoto.noise(
                .random(in: 1...70, using: &numbers), .random(in: 1...70, using: &numbers), bands: 1 + round % 4,
                bitDepth: round / 4 % 2 == 0 ? 8 : 16, using: &numbers)
            let fill = TestPhoto.noise(
                photo.width, photo.height, bitDepth: photo.bitDepth, using: &numbers)
            let changed = randomMask(photo.width, photo.height, round: round, using: &numbers)
            let isTIFF = round / 8 % 2 == 1
            let file = try isTIFF ? photo.tiff() : photo.png()

            let written = try encode(file, filled: fill.samples, changed: changed)

            let (info, result) = try samples(of: written.bytes)
            #expect(info.format == (isTIFF ? .tiff : .png))
            #expect(info.layout.bands == photo.bands && info.layout.bitDepth == photo.bitDepth)
            let wrong = firstDifference(photo, result, fill, changed)
            #expect(wrong == nil, "round \(round), \(photo.width)x\(photo.height)x\(photo.bands): \(wrong ?? "")")
        }
    }

    /// Rectangles and scattered pixels; every third touches an edge; feathered masks have values between.
    private func randomMask(_ width: Int, _ height: Int, round: Int, using numbers: inout SeededNumbers) -> [UInt8] {
        var changed = [UInt8](repeating: 0, count: width * height)
        let x = round % 3 == 0 ? 0 : Int.random(in: 0..<width, using: &numbers)
        let y = round % 3 == 1 ? 0 : Int.random(in: 0..<height, using: &numbers)
        let right = round % 5 == 0 ? width : Int.random(in: x...width, using: &numbers)
        let bottom = round % 5 == 1 ? height : Int.random(in: y...height, using: &numbers)
        for row in y..<bottom {
            for column in x..<right { changed[row * width + column] = .random(in: 1...255, using: &numbers) }
        }
        for _ in 0..<Int.random(in: 0...5, using: &numbers) {
            changed[.random(in: 0..<changed.count, using: &numbers)] = 1
        }
        return changed
    }

    /// Where the result is neither the photo (unchanged pixels, and alpha) nor the fill (changed pixels).
    private func firstDifference(_ photo: TestPhoto, _ result: [UInt8], _ fill: TestPhoto, _ changed: [UInt8])
        -> String?
    {
        guard result.count == photo.samples.count else { return "another size" }
        let bytes = photo.bitDepth / 8
        let colourBands = photo.bands >= 3 ? 3 : 1
        for pixel in 0..<changed.count {
            for band in 0..<photo.bands {
                let at = (pixel * photo.bands + band) * bytes
                let old = Array(photo.samples[at..<at + bytes])
                let new = Array(result[at..<at + bytes])
                if changed[pixel] == 0 || band >= colourBands {
                    if old != new { return "pixel \(pixel) band \(band) was \(old), is \(new)" }
                } else if colourBands == 3 {
                    let wanted = Array(fill.samples[(pixel * 3 + band) * bytes..<(pixel * 3 + band) * bytes + bytes])
                    if wanted != new { return "filled pixel \(pixel) band \(band) should be \(wanted), is \(new)" }
                }
            }
        }
        return nil
    }

    @Test func encodeGivesGreyPhotosTheLumaOfTheFill() throws {
        let photo = TestPhoto(width: 3, height: 1, bands: 1, samples: [10, 20, 30])
        let written = try encode(photo.png(), filled: [255, 0, 0, 0, 255, 0, 77, 77, 77], changed: [255, 255, 255])
        // 0.299 and 0.587 of 255; equal parts give themselves.
        #expect(try samples(of: written.bytes).samples == [76, 150, 77])
        #expect(written.notes.contains("grey-kept"))
    }

    @Test func encodeOfTurnedPhotoKeepsTheUprightPixels() throws {
        var numbers = SeededNumbers(seed: 3)
        let photo = TestPhoto.noise(5, 3, using: &numbers)
        let file = try PNGParts.inserting("eXIf", TestMetadata.exif(orientation: 6), into: photo.png())
        var changed = [UInt8](repeating: 0, count: 15)
        changed[4] = 255
        let before = try rgb(of: file)

        let written = try encode(file, filled: [UInt8](repeating: 9, count: 45), changed: changed)

        let (info, after) = try samples(of: written.bytes)
        #expect(info.width == 3 && info.height == 5 && info.orientation == 1)
        for pixel in 0..<15 where changed[pixel] == 0 {
            #expect(after[pixel * 3..<pixel * 3 + 3] == before[pixel * 3..<pixel * 3 + 3])
        }
        #expect(after[12..<15] == [9, 9, 9])
        // Orientation 6 turns by 90 degrees clockwise: the bottom left pixel comes to the top left.
        #expect(before[0..<3] == photo.samples[10 * 3..<10 * 3 + 3])
    }
}
