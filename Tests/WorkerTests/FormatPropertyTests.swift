import CVips
import ImageCodec
import Testing

/// What a filled file must have of the file that it came from: every format by every property, in one table. A failure
/// names both.
@Suite struct FormatPropertyTests {
    enum Property: String, CaseIterable, Sendable {
        case format, size, depth, bands, camera, xmp, iptc, profile, resolution, upright, quality
    }

    /// A file to fill.
    struct Case: Sendable, CustomTestStringConvertible {
        var format: PhotoFormat
        var bands = 3
        var bitDepth = 8
        var quality = 85
        var isLossless = true
        var subsample = false
        var orientation = 1
        /// What files of this kind cannot hold, as libvips writes them.
        var without: Set<Property> = []

        var testDescription: String {
            "\(isLossless ? "" : "lossy ")\(format.rawValue), \(bands) bands of \(bitDepth) bits"
                + (orientation > 1 ? ", orientation \(orientation)" : "")
                + (format == .jpeg ? ", quality \(quality), \(subsample ? "4:2:0" : "4:4:4")" : "")
        }
    }

    static let cases: [Case] = {
        let png: Set<Property> = [.iptc, .quality]
        let webp: Set<Property> = [.iptc, .resolution, .quality]
        let heif: Set<Property> = [.iptc, .resolution, .quality]
        // libvips 8.14 reads and writes no EXIF directory in a TIFF (a result says exif-dropped where there was one), and
        // no IPTC of this kind.
        let tiff: Set<Property> = [.camera, .iptc, .quality]
        var cases: [Case] = []
        for bands in 1...4 {
            for depth in [8, 16] {
                let grey: Set<Property> = bands < 3 ? [.profile] : []
                cases.append(Case(format: .png, bands: bands, bitDepth: depth, without: png.union(grey)))
                cases.append(Case(format: .tiff, bands: bands, bitDepth: depth, without: tiff.union(grey)))
            }
        }
        func jpeg(_ bands: Int = 3, _ quality: Int = 85, subsample: Bool = false, orientation: Int = 1) -> Case {
            Case(
                format: .jpeg, bands: bands, quality: quality, isLossless: false, subsample: subsample,
                orientation: orientation, without: bands == 3 ? [] : [.profile])
        }
        return cases + [
            jpeg(), jpeg(3, 97), jpeg(3, 60, subsample: true), jpeg(3, 85, subsample: true, orientation: 6), jpeg(1),
            jpeg(4, 90),
            Case(format: .png, orientation: 8, without: png), Case(format: .webp, without: webp),
            Case(format: .tiff, orientation: 6, without: tiff),
            Case(format: .webp, bands: 4, without: webp), Case(format: .webp, orientation: 3, without: webp),
            Case(format: .webp, isLossless: false, without: webp),
            Case(format: .heic, isLossless: false, without: heif),
            Case(format: .heic, bands: 4, isLossless: false, without: heif),
            Case(format: .avif, isLossless: false, without: heif),
            Case(format: .avif, bands: 4, isLossless: false, without: heif),
            Case(format: .avif, bitDepth: 16, isLossless: false, without: heif),
            Case(format: .heic, bitDepth: 16, isLossless: false, without: heif),
        ]
    }()

    @Test(arguments: cases)
    func everyPropertyOfTheFileSurvivesAFill(_ subject: Case) throws {
        try CodecLibrary.start(heif: subject.format.needsHEIF)
        let before = try source(subject)
        let (filled, changed) = try fill(before)

        let written = try encode(before, filled: filled, changed: changed)

        let (was, new) = (try Traits(before), try Traits(written.bytes))
        for property in Property.allCases {
            let (old, kept) = (was[property], new[property])
            if subject.without.contains(property) {
                #expect(old == nil, "\(property.rawValue) of \(subject.testDescription): there is one, so test it")
            } else {
                #expect(old != nil, "\(property.rawValue) of \(subject.testDescription): the source has none")
                #expect(
                    old == kept,
                    "\(property.rawValue) of \(subject.testDescription) was \(old ?? "none"), is \(kept ?? "none")")
            }
        }
        let difference = largestDifference(was, new, outside: changed, subject)
        #expect(
            difference <= (subject.isLossless || subject.format == .jpeg ? 0 : 40),
            "unchanged pixels of \(subject.testDescription) differ by up to \(difference)")
        let wrong = fillDifference(new, changed, subject)
        #expect(wrong <= (subject.isLossless ? 0 : 40), "the fill of \(subject.testDescription) is \(wrong) off")
    }

    // MARK: Files

    private static let size = (width: 64, height: 48)

    /// A file of the case with everything that its format can hold, made by libvips.
    private func source(_ subject: Case) throws -> [UInt8] {
        let (width, height) = Self.size
        let (bands, step) = (subject.bands, subject.bitDepth / 8)
        let isCMYK = subject.format == .jpeg && bands == 4
        var samples = [UInt8](repeating: 0, count: width * height * bands * step)
        for index in 0..<width * height * bands {
            let (x, y, band) = (index / bands % width, index / bands / width, index % bands)
            let isAlpha = !isCMYK && bands % 2 == 0 && band == bands - 1
            // In 16 bits the value stands in the upper byte, so that 12 bits keep it.
            samples[index * step + step - 1] = UInt8(isAlpha ? 255 - x : 40 + (band == 1 ? y : x) * 2 + band * 10)
        }
        let space =
            isCMYK
            ? VIPS_INTERPRETATION_CMYK
            : bands < 3
                ? (step == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_GREY16)
                : (step == 1 ? VIPS_INTERPRETATION_sRGB : VIPS_INTERPRETATION_RGB16)
        return try samples.withUnsafeBytes { bytes in
            let image = try #require(
                refine_vips_over_memory(
                    bytes.baseAddress, bytes.count, Int32(width), Int32(height), Int32(bands),
                    step == 1 ? VIPS_FORMAT_UCHAR : VIPS_FORMAT_USHORT, space))
            defer { g_object_unref(image) }
            func set(_ name: String, _ blob: [UInt8]) {
                blob.withUnsafeBytes { vips_image_set_blob_copy(image, name, $0.baseAddress, $0.count) }
            }
            set("exif-data", TestMetadata.camera(orientation: UInt8(subject.orientation)))
            if subject.orientation > 1 { vips_image_set_int(image, "orientation", Int32(subject.orientation)) }
            set("xmp-data", Array("<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">KeepMe</x:xmpmeta>".utf8))
            set("iptc-data", TestMetadata.photoshop)
            set("photoshop-data", TestMetadata.photoshop)
            if !subject.without.contains(.profile) { set("icc-profile-data", TestMetadata.sRGB) }
            image.pointee.Xres = 11.8
            image.pointee.Yres = 11.8
            return try save(image, subject)
        }
    }

    private func save(_ image: UnsafeMutablePointer<VipsImage>, _ subject: Case) throws -> [UInt8] {
        let target = try #require(vips_target_new_to_memory())
        defer { g_object_unref(target) }
        let quality = Int32(subject.quality)
        let result =
            switch subject.format {
            case .png: refine_vips_save_png(image, target, 6, 0, Int32(VIPS_FOREIGN_PNG_FILTER_ALL.rawValue))
            case .jpeg: refine_vips_save_jpeg(image, target, quality, 0, subject.subsample ? 1 : 0)
            case .tiff:
                refine_vips_save_tiff(
                    image, target, VIPS_FOREIGN_TIFF_COMPRESSION_LZW, VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL, 0, 0)
            case .webp: refine_vips_save_webp(image, target, subject.isLossless ? 1 : 0, quality)
            case .heic, .avif:
                refine_vips_save_heif(
                    image, target, subject.format == .avif ? 1 : 0, quality, subject.bitDepth == 16 ? 12 : 8)
            case .gif: Int32(-1)
            }
        try #require(result == 0, "libvips did not write \(subject.testDescription)")
        var bytes: UnsafeRawPointer?
        var size = 0
        let blob = try #require(refine_vips_take_output(target, &bytes, &size))
        defer { refine_vips_drop_output(blob) }
        return Array(UnsafeRawBufferPointer(start: bytes, count: size))
    }

    private static let hole = 20..<24

    /// A grey fill of a few pixels.
    private func fill(_ file: [UInt8]) throws -> (filled: [UInt8], changed: [UInt8]) {
        let info = try samples(of: file).info
        var filled = try rgb(of: file)
        var changed = [UInt8](repeating: 0, count: info.width * info.height)
        let bytes = 3 * info.layout.bitDepth / 8
        for y in Self.hole {
            for x in Self.hole {
                let pixel = y * info.width + x
                changed[pixel] = 255
                for byte in pixel * bytes..<(pixel + 1) * bytes { filled[byte] = 128 }
            }
        }
        return (filled, changed)
    }

    /// In bytes, without the lower ones of lossy 16-bit samples. Of JPEG only pixels outside of the touched blocks and of
    /// their chroma's neighbours.
    private func largestDifference(_ one: Traits, _ other: Traits, outside changed: [UInt8], _ subject: Case) -> Int {
        guard one.samples.count == other.samples.count else { return 255 }
        let bytes = one.samples.count / changed.count
        var largest = 0
        for pixel in changed.indices where changed[pixel] == 0 {
            let (x, y) = (pixel % one.info.width, pixel / one.info.width)
            // Wide enough for blocks of 16 of a picture that is stored turned.
            if subject.format == .jpeg, (4..<44).contains(x), (4..<44).contains(y) { continue }
            for byte in pixel * bytes..<(pixel + 1) * bytes {
                if subject.bitDepth == 16, !subject.isLossless, byte % 2 == 0 { continue }
                largest = max(largest, abs(Int(one.samples[byte]) - Int(other.samples[byte])))
            }
        }
        return largest
    }

    /// How far the colours of the filled pixels are from what was filled in, in bytes; 0 for CMYK, whose inks differ.
    private func fillDifference(_ new: Traits, _ changed: [UInt8], _ subject: Case) -> Int {
        guard new.info.layout.colour != .cmyk else { return 0 }
        let (bands, step) = (new.info.layout.bands, new.info.layout.bitDepth / 8)
        var largest = 0
        for pixel in changed.indices where changed[pixel] > 0 {
            for band in 0..<new.info.layout.colour.bands {
                let value = new.samples[(pixel * bands + band) * step + step - 1]
                largest = max(largest, abs(Int(value) - 128))
            }
        }
        return largest
    }
}

/// What can be told of a file.
private struct Traits {
    let info: PhotoInfo
    let samples: [UInt8]
    private var values: [FormatPropertyTests.Property: String] = [:]

    subscript(property: FormatPropertyTests.Property) -> String? { values[property] }

    init(_ file: [UInt8]) throws {
        (info, samples) = try WorkerTests.samples(of: file)
        values[.format] = info.format.rawValue
        // Of the upright picture, so that turned pixels and a reset orientation are as good as both kept.
        values[.size] = "\(info.width)x\(info.height)"
        values[.depth] = "\(info.layout.bitDepth)"
        values[.bands] = "\(info.layout.colour.rawValue)+\(info.layout.extraBands)"
        values[.upright] = Self.brightestCorner(info, samples)
        if info.format == .jpeg { values[.quality] = "\(JPEGParts.segments(0xDB, of: file))" }
        try file.withUnsafeBytes { bytes in
            let source = try #require(vips_source_new_from_memory(bytes.baseAddress, bytes.count))
            defer { g_object_unref(source) }
            var out: UnsafeMutablePointer<VipsImage>?
            let result =
                switch info.format {
                case .jpeg: refine_vips_load_jpeg(source, VIPS_ACCESS_RANDOM, &out)
                case .png: refine_vips_load_png(source, VIPS_ACCESS_RANDOM, &out)
                case .webp: refine_vips_load_webp(source, VIPS_ACCESS_RANDOM, &out)
                case .tiff: refine_vips_load_tiff(source, VIPS_ACCESS_RANDOM, &out)
                case .gif: refine_vips_load_gif(source, VIPS_ACCESS_RANDOM, &out)
                case .heic, .avif: refine_vips_load_heif_image(source, VIPS_ACCESS_RANDOM, &out)
                }
            let image = try #require(result == 0 ? out : nil)
            defer { g_object_unref(image) }
            func blob(_ name: String) -> [UInt8]? {
                var data: UnsafeRawPointer?
                var size = 0
                guard vips_image_get_typeof(image, name) != 0, vips_image_get_blob(image, name, &data, &size) == 0
                else { return nil }
                return Array(UnsafeRawBufferPointer(start: data, count: size))
            }
            var camera: UnsafePointer<CChar>?
            if vips_image_get_typeof(image, "exif-ifd0-Make") != 0,
                vips_image_get_string(image, "exif-ifd0-Make", &camera) == 0, let camera
            {
                values[.camera] = String(String(cString: camera).prefix(9))
            }
            if let xmp = blob("xmp-data"), xmp.contains(text: "KeepMe") { values[.xmp] = "KeepMe" }
            // The resource of the text; the one with a thumbnail has to go.
            if let iptc = blob("iptc-data") ?? blob("photoshop-data"), iptc.contains(text: "IPTCDATA") {
                values[.iptc] = "IPTCDATA"
            }
            if let profile = blob("icc-profile-data") { values[.profile] = "\(profile)" }
            // Pixels a millimetre; 1 where the file says nothing.
            if image.pointee.Xres != 1 { values[.resolution] = "\((image.pointee.Xres * 25.4).rounded())" }
        }
    }

    /// The sample pictures get brighter to the right and to the bottom.
    private static func brightestCorner(_ info: PhotoInfo, _ samples: [UInt8]) -> String {
        let (bytes, step) = (info.layout.pixelBytes, info.layout.bitDepth / 8)
        func value(_ x: Int, _ y: Int, _ band: Int) -> Int {
            Int(samples[(y * info.width + x) * bytes + band * step + step - 1])
        }
        let across = value(info.width - 2, 1, 0) - value(1, 1, 0)
        let down = value(1, info.height - 2, 0) - value(1, 1, 0)
        return abs(across) > abs(down) ? (across > 0 ? "right" : "left") : (down > 0 ? "bottom" : "top")
    }
}
