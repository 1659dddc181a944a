import CJPEG
import ImageCodec
import Testing

/// Only the blocks of a JPEG file that the fill touches are encoded; everything else stays, coefficient by coefficient.
@Suite struct JPEGPatchTests {
    static let names = [
        "jpeg-restart-420", "jpeg-progressive-422-large", "jpeg-444-large", "jpeg-grey-large", "jpeg-cmyk-adobe",
        "jpeg-rgb-stored", "jpeg-cmyk", "jpeg-progressive-422",
    ]

    /// All that libjpeg tells of a file.
    private struct Contents {
        var width: Int
        var height: Int
        var components: [(horizontal: Int, vertical: Int, columns: Int, table: [UInt16], blocks: [[Int16]])] = []
        var mode: [Int32]

        init(_ file: [UInt8]) throws {
            let info: refine_jpeg_info
            (info, components) = try file.withUnsafeBufferPointer { bytes in
                let handle = try #require(refine_jpeg_open(bytes.baseAddress, bytes.count))
                defer { refine_jpeg_close(handle) }
                let info = refine_jpeg_get_info(handle)
                var components: [(Int, Int, Int, [UInt16], [[Int16]])] = []
                for index in 0..<info.components {
                    let component = refine_jpeg_get_component(handle, index)
                    let table = try #require(component.table)
                    var blocks: [[Int16]] = []
                    for row in 0..<component.rows {
                        let start = try #require(refine_jpeg_blocks(handle, index, row, 0))
                        for column in 0..<Int(component.columns) {
                            blocks.append(Array(UnsafeBufferPointer(start: start + column * 64, count: 64)))
                        }
                    }
                    components.append(
                        (
                            Int(component.horizontal), Int(component.vertical), Int(component.columns),
                            Array(UnsafeBufferPointer(start: table, count: 64)), blocks
                        ))
                }
                return (info, components)
            }
            (width, height) = (Int(info.width), Int(info.height))
            mode = [
                info.width, info.height, info.components, Int32(info.colour.rawValue), info.has_adobe_marker,
                info.is_progressive, info.is_arithmetic, info.restart_interval,
            ]
        }

        /// Pixels of the stored picture that belong to a block of a component.
        func pixels(of block: Int, _ index: Int) -> (x: Range<Int>, y: Range<Int>) {
            let component = components[index]
            let stepX = (components.map(\.horizontal).max() ?? 1) / component.horizontal * 8
            let stepY = (components.map(\.vertical).max() ?? 1) / component.vertical * 8
            let (x, y) = (block % component.columns * stepX, block / component.columns * stepY)
            return (min(x, width)..<min(x + stepX, width), min(y, height)..<min(y + stepY, height))
        }
    }

    private func turned(_ file: [UInt8], by orientation: UInt8) -> [UInt8] {
        let exif = Array("Exif\0\0".utf8) + TestMetadata.exif(orientation: orientation)
        return orientation == 1 ? file : JPEGParts.inserting(0xE1, exif, into: file)
    }

    /// Where a pixel of the stored picture stands in the upright one, by EXIF's table of the first row and column.
    private func upright(_ x: Int, _ y: Int, _ orientation: UInt8, _ width: Int, _ height: Int) -> Int {
        let (right, bottom) = (width - 1 - x, height - 1 - y)
        switch orientation {
        case 2: return y * width + right
        case 3: return bottom * width + right
        case 4: return bottom * width + x
        case 5: return x * height + y
        case 6: return x * height + bottom
        case 7: return right * height + bottom
        case 8: return right * height + y
        default: return y * width + x
        }
    }

    @Test(arguments: names, [1, 2, 3, 4, 5, 6, 7, 8] as [UInt8])
    func untouchedCoefficientsAreIdentical(name: String, orientation: UInt8) throws {
        let file = try turned(SampleFiles.named(name), by: orientation)
        let before = try Contents(file)
        let (width, height) = (before.width, before.height)
        var changed = [UInt8](repeating: 0, count: width * height)
        var filled = try rgb(of: file)
        // A hole across blocks, up to the border, in stored coordinates; grey, so that every colour space holds it.
        for y in height / 3..<height * 2 / 3 {
            for x in width * 5 / 8..<width {
                let pixel = upright(x, y, orientation, width, height)
                changed[pixel] = 255
                for band in 0..<3 { filled[pixel * 3 + band] = 140 }
            }
        }
        let original = try rgb(of: file)

        let written = try encode(file, filled: filled, changed: changed)

        let after = try Contents(written.bytes)
        #expect(after.mode == before.mode)
        #expect(written.notes.contains { $0.hasPrefix("jpeg-blocks-kept=") })
        #expect(written.notes.contains("orientation-kept") == (orientation > 1))
        var isTouchedPixel = [Bool](repeating: false, count: width * height)
        for (index, component) in before.components.enumerated() {
            #expect(component.table == after.components[index].table)
            #expect(component.blocks.count == after.components[index].blocks.count)
            for block in component.blocks.indices {
                let (columns, rows) = before.pixels(of: block, index)
                let isTouched = rows.contains { y in
                    columns.contains { changed[upright($0, y, orientation, width, height)] > 0 }
                }
                if isTouched {
                    for y in rows { for x in columns { isTouchedPixel[y * width + x] = true } }
                } else {
                    #expect(component.blocks[block] == after.components[index].blocks[block], "block \(block)")
                }
            }
        }
        // Smooth upsampling of colour looks one sample further: two pixels.
        let result = try rgb(of: written.bytes)
        var (far, wrong, error) = (0, 0, 0)
        for y in 0..<height {
            for x in 0..<width {
                let pixel = upright(x, y, orientation, width, height)
                let near = (max(y - 2, 0)...min(y + 2, height - 1)).contains { row in
                    (max(x - 2, 0)...min(x + 2, width - 1)).contains { isTouchedPixel[row * width + $0] }
                }
                if !near {
                    far += 1
                    wrong += result[pixel * 3..<pixel * 3 + 3] == original[pixel * 3..<pixel * 3 + 3] ? 0 : 1
                } else if changed[pixel] > 0 {
                    for band in 0..<3 { error += abs(Int(result[pixel * 3 + band]) - 140) }
                }
            }
        }
        #expect(wrong == 0)
        #expect(far > 0 || width < 20)
        #expect(Double(error) / Double(3 * changed.count { $0 > 0 }) < 9, "the fill is there")
    }

    @Test(arguments: names) func aFillThatIsThePhotoChangesNothing(name: String) throws {
        let file = try SampleFiles.named(name)
        // Inks come back a little different from RGB.
        guard try PhotoReader(file: FileBytes(file), argument: "image").info.layout.colour != .cmyk else { return }
        let before = try Contents(file)
        let filled = try rgb(of: file)
        var changed = [UInt8](repeating: 0, count: before.width * before.height)
        changed[before.width * 3 + 5] = 1
        let after = try Contents(encode(file, filled: filled, changed: changed).bytes)
        for (one, other) in zip(before.components, after.components) {
            let differences = zip(one.blocks.joined(), other.blocks.joined()).map { abs(Int($0) - Int($1)) }
            // One sample whose colour went through 8 bits moves a coefficient of 64 by next to nothing.
            #expect(differences.max() ?? 0 <= 1 && differences.count { $0 > 0 } <= 4)
        }
    }

    /// The standard forbids a divisor of 0 and libjpeg reads one; a mutated file had it, and division by it ended the worker.
    @Test(arguments: [0, 1, 63]) func divisorOfZeroMeansToEncodeAllBlocks(_ entry: Int) throws {
        var file = try SampleFiles.named("jpeg-444-large")
        let table = try #require(file.indices.dropLast().first { file[$0] == 0xFF && file[$0 + 1] == 0xDB })
        // Marker, length, and a byte that says which table and that its entries have 8 bits.
        try #require(file[table + 4] >> 4 == 0)
        file[table + 5 + entry] = 0
        let filled = [UInt8](repeating: 200, count: try rgb(of: file).count)
        let written = try encode(file, filled: filled, changed: .init(repeating: 255, count: filled.count / 3))
        #expect(written.notes.contains("jpeg-encoded-anew"))
        #expect(try rgb(of: written.bytes).allSatisfy { abs(Int($0) - 200) < 8 })
    }

    @Test func everyMarkerStaysButPicturesOfWhatWasFilled() throws {
        var file = try SampleFiles.named("jpeg-444-large")
        func insert(_ marker: UInt8, _ text: String) {
            file = JPEGParts.inserting(marker, Array(text.utf8), into: file)
        }
        insert(0xFE, "a comment")
        insert(0xE5, "unknown to all")
        insert(0xE2, "MPF\0OLDPREVIEW")
        insert(0xE0, "JFXX\0OLDPREVIEW")
        insert(0xE1, "http://ns.adobe.com/xmp/extension/\0OLDPREVIEW")
        let exif = TestMetadata.exif(orientation: 1, thumbnail: Array("OLDPREVIEW".utf8))
        file = JPEGParts.inserting(0xE1, Array("Exif\0\0".utf8) + exif, into: file)
        let filled = try rgb(of: file)
        let changed = [255] + [UInt8](repeating: 0, count: filled.count / 3 - 1)

        let written = try encode(file, filled: filled, changed: changed)

        #expect(!written.bytes.contains(text: "OLDPREVIEW"))
        #expect(JPEGParts.segments(0xFE, of: written.bytes) == [Array("a comment".utf8)])
        #expect(JPEGParts.segments(0xE5, of: written.bytes) == [Array("unknown to all".utf8)])
        #expect(JPEGParts.segments(0xE0, of: written.bytes).count == 1)
        #expect(JPEGParts.segments(0xE1, of: written.bytes).map(\.count) == [6 + exif.count])
        for note in ["thumbnail-dropped", "further-pictures-dropped", "extended-xmp-dropped"] {
            #expect(written.notes.contains(note), "\(note)")
        }
    }
}
