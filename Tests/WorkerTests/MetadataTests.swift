import ImageCodec
import Testing

/// Metadata stays with the photo, but for what is no longer true, and for pictures of what was filled.
@Suite struct MetadataTests {
    /// A JPEG with EXIF (turned, with a thumbnail), XMP, IPTC and an ICC profile.
    private func fullJPEG() throws -> [UInt8] {
        var file = try TestPhoto.gradient(32, 16).jpeg(quality: 85)
        file = JPEGParts.inserting(0xE2, Array("ICC_PROFILE\0\u{1}\u{1}".utf8) + TestMetadata.icc, into: file)
        file = JPEGParts.inserting(0xED, TestMetadata.photoshop, into: file)
        file = JPEGParts.inserting(
            0xE1, Array("http://ns.adobe.com/xap/1.0/\0".utf8) + Array(TestMetadata.xmp.utf8), into: file)
        let thumbnail = try TestPhoto.gradient(8, 8).jpeg() + Array("OLDTHUMBNAIL".utf8)
        return JPEGParts.inserting(
            0xE1, Array("Exif\0\0".utf8) + TestMetadata.exif(orientation: 6, thumbnail: thumbnail), into: file)
    }

    @Test func encodeOfJPEGKeepsProfileIPTCAndXMP() throws {
        let written = try encodeWithSmallFill(fullJPEG())
        #expect(JPEGParts.segments(0xE2, of: written.bytes).contains { $0.suffix(132) == TestMetadata.icc[...] })
        #expect(JPEGParts.segments(0xED, of: written.bytes).contains { $0.contains(text: "IPTCDATA") })
        #expect(written.bytes.contains(text: "KeepMe"))
    }

    @Test func encodeOfTurnedJPEGKeepsItTurned() throws {
        let file = try fullJPEG()
        #expect(try PhotoReader(file: FileBytes(file), argument: "image").info.orientation == 6)
        let written = try encodeWithSmallFill(file)
        let info = try PhotoReader(file: FileBytes(written.bytes), argument: "image").info
        #expect(info.orientation == 6 && info.width == 16 && info.height == 32)
        #expect(written.bytes.contains(text: "tiff:Orientation=\"6\""))
        #expect(written.notes.contains("orientation-kept"))
    }

    @Test func encodeOfTurnedJPEGAnewResetsEveryOrientation() throws {
        let written = try encodeWithSmallFill(fullJPEG(), options: PhotoWriterOptions(quality: 80))
        let info = try PhotoReader(file: FileBytes(written.bytes), argument: "image").info
        #expect(info.orientation == 1 && info.width == 16 && info.height == 32)
        #expect(written.bytes.contains(text: "tiff:Orientation=\"1\""))
        for note in ["orientation-applied", "jpeg-encoded-anew", "jpeg-quality=80", "thumbnail-dropped"] {
            #expect(written.notes.contains(note), "\(note)")
        }
    }

    @Test func encodeDropsThumbnailsOfThePhotoBeforeTheFill() throws {
        let file = try fullJPEG()
        for text in ["OLDTHUMBNAIL", "OLDTHUMB", "OLDPICTURE"] { #expect(file.contains(text: text)) }
        let written = try encodeWithSmallFill(file)
        for text in ["OLDTHUMBNAIL", "OLDTHUMB", "OLDPICTURE"] { #expect(!written.bytes.contains(text: text)) }
        #expect(written.notes.contains("thumbnail-dropped"))
    }

    @Test(arguments: [35, 60, 75, 85, 92, 100], [true, false])
    func encodeOfJPEGKeepsQuantisationTablesAndSubsampling(quality: Int, subsample: Bool) throws {
        let file = try TestPhoto.gradient(40, 24).jpeg(quality: quality, subsample: subsample)
        let written = try encodeWithSmallFill(file)
        #expect(JPEGParts.segments(0xDB, of: written.bytes) == JPEGParts.segments(0xDB, of: file))
        #expect(JPEGParts.segments(0xC0, of: written.bytes) == JPEGParts.segments(0xC0, of: file))
    }

    @Test func encodeOfJPEGKeepsTablesThatNoQualityHas() throws {
        var file = try TestPhoto.gradient(40, 24).jpeg(quality: 80)
        // The first table's values follow the segment's length and the table's number.
        let at = try #require((2..<file.count).first { file[$0] == 0xFF && file[$0 + 1] == 0xDB }) + 5
        file[at + 10] += 3
        let written = try encodeWithSmallFill(file)
        #expect(JPEGParts.segments(0xDB, of: written.bytes) == JPEGParts.segments(0xDB, of: file))
    }

    @Test func encodeOfPNGKeepsColourChunksAndProfile() throws {
        var file = try TestPhoto.gradient(9, 7).png()
        file = PNGParts.inserting("gAMA", TestMetadata.big(UInt32(55555)), into: file)
        file = PNGParts.inserting("eXIf", TestMetadata.exif(orientation: 3), into: file)
        let written = try encodeWithSmallFill(file)
        let names = PNGParts.names(of: written.bytes)
        #expect(names.contains("gAMA") && names.contains("eXIf"))
        #expect(try PhotoReader(file: FileBytes(written.bytes), argument: "image").info.orientation == 1)
    }

    private func encodeWithSmallFill(_ file: [UInt8], options: PhotoWriterOptions = PhotoWriterOptions()) throws
        -> EncodedFile
    {
        var filled = try rgb(of: file)
        filled[0] = ~filled[0]
        var changed = [UInt8](repeating: 0, count: filled.count / 3)
        changed[0] = 255
        return try encode(file, filled: filled, changed: changed, options: options)
    }
}
