import ImageCodec
import Testing

/// Which formats are read, how their samples come out, and what is written.
@Suite struct FormatTests {
    @Test(arguments: [1, 2, 3, 4], [8, 16])
    func pngAndTIFFKeepBandsAndDepth(bands: Int, bitDepth: Int) throws {
        var numbers = SeededNumbers(seed: UInt64(bands * 100 + bitDepth))
        let photo = TestPhoto.noise(13, 9, bands: bands, bitDepth: bitDepth, using: &numbers)
        for file in try [photo.png(), photo.tiff()] {
            let (info, read) = try samples(of: file)
            #expect(info.layout.bands == bands && info.layout.bitDepth == bitDepth && read == photo.samples)
            #expect(info.layout.hasAlpha == (bands % 2 == 0))
        }
    }

    @Test func greyIsHandedOutAsThreeEqualBandsWithoutAlpha() throws {
        let photo = TestPhoto(width: 2, height: 1, bands: 2, samples: [7, 255, 200, 0])
        #expect(try rgb(of: photo.png()) == [7, 7, 7, 200, 200, 200])
    }

    @Test func everyFormatOfTheSampleFolderIsReadAndWritten() throws {
        for (name, bytes) in try SampleFiles.all() {
            let format = try #require(PhotoFormat(rawValue: String(name.prefix { $0 != "-" })))
            let (info, before) = try samples(of: bytes)
            #expect(info.format == format, "\(name)")
            var changed = [UInt8](repeating: 0, count: info.width * info.height)
            changed[0] = 255
            let filled = try rgb(of: bytes)

            let written = try encode(bytes, filled: filled, changed: changed)

            let (after, result) = try samples(of: written.bytes)
            #expect(after.format == (format == .gif ? .png : format), "\(name)")
            #expect(after.width == info.width && after.height == info.height, "\(name)")
            guard written.notes.contains("lossless") else {
                #expect(written.notes.contains("lossy"), "\(name)")
                #expect(meanDifference(before, result) < 6, "\(name)")
                continue
            }
            #expect(after.layout.bands == info.layout.bands, "\(name)")
            // The filled pixel got its own value back, which only the way over CMYK may change a little.
            let start = info.layout.colour == .cmyk ? info.layout.pixelBytes : 0
            #expect(before[start...].elementsEqual(result[start...]), "\(name)")
        }
    }

    private func meanDifference(_ one: [UInt8], _ other: [UInt8]) -> Double {
        guard one.count == other.count else { return .infinity }
        return Double(zip(one, other).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }) / Double(max(one.count, 1))
    }

    @Test func compareShowsHoleClassicalOursAndOriginal() throws {
        let (width, height) = (100, 80)
        let fillBox = PixelBox(x: 36, y: 26, width: 28, height: 28)
        func flat(_ value: UInt8, _ count: Int = 28 * 28) -> [UInt8] { .init(repeating: value, count: count * 3) }
        var mask = [UInt8](repeating: 0, count: width * height)
        for y in 30..<50 { for x in 40..<60 { mask[y * width + x] = 255 } }
        let png = try flat(10, width * height).withUnsafeBytes { original in
            try flat(20).withUnsafeBytes { classical in
                try flat(30).withUnsafeBytes { filled in
                    try mask.withUnsafeBytes { mask in
                        try ComparePicture(
                            original: original, classical: classical, filled: filled, fillBox: fillBox, mask: mask,
                            width: width, height: height, bitDepth: 8
                        ).png()
                    }
                }
            }
        }
        let (info, pixels) = try samples(of: png)
        // The region is 64x64 (three times 20, but at least 64), magnified four times; gutters of 6.
        #expect(info.width == 4 * 256 + 3 * 6 && info.height == 256)
        func pixel(_ x: Int, _ y: Int) -> UInt8 { pixels[(y * info.width + x) * 3] }
        #expect([pixel(2, 2), pixel(264, 2), pixel(526, 2), pixel(788, 2)] == [10, 10, 10, 10])
        #expect(pixel(258, 100) == 255)
        #expect([96, 160].contains(pixel(128, 128)))
        #expect([262, 524, 786].map { pixel($0 + 128, 128) } == [20, 30, 10])
    }
}
