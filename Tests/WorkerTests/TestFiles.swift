import Glibc
import ImageCodec
import WorkerProtocol

/// Numbers that are the same in every run (SplitMix64, Steele et al. 2014).
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Samples of a photo made up for a test.
struct TestPhoto {
    var width: Int
    var height: Int
    var bands: Int
    var bitDepth = 8
    /// Packed, native-endian.
    var samples: [UInt8]

    var pixelBytes: Int { bands * bitDepth / 8 }

    /// Noise: no sample can be guessed from another.
    static func noise(
        _ width: Int, _ height: Int, bands: Int = 3, bitDepth: Int = 8, using numbers: inout some RandomNumberGenerator
    ) -> TestPhoto {
        let count = width * height * bands * bitDepth / 8
        return TestPhoto(
            width: width, height: height, bands: bands, bitDepth: bitDepth,
            samples: (0..<count).map { _ in .random(in: 0...255, using: &numbers) })
    }

    /// A smooth picture, which lossy formats keep well.
    static func gradient(_ width: Int, _ height: Int, bands: Int = 3) -> TestPhoto {
        var samples: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                let values = [UInt8(x * 255 / max(width - 1, 1)), UInt8(y * 255 / max(height - 1, 1)), 90, 255]
                samples.append(contentsOf: bands == 4 ? values[0..<4] : values[0..<min(bands, 3)])
            }
        }
        return TestPhoto(width: width, height: height, bands: bands, samples: samples)
    }

    func png() throws -> [UInt8] {
        try samples.withUnsafeBytes {
            try PixelFile.png(samples: $0, width: width, height: height, bands: bands, bitDepth: bitDepth)
        }
    }

    func tiff() throws -> [UInt8] {
        try samples.withUnsafeBytes {
            try PixelFile.tiff(samples: $0, width: width, height: height, bands: bands, bitDepth: bitDepth)
        }
    }

    func jpeg(quality: Int = 92, subsample: Bool = true) throws -> [UInt8] {
        try samples.withUnsafeBytes {
            try PixelFile.jpeg(
                samples: $0, width: width, height: height, bands: bands, quality: quality, subsample: subsample)
        }
    }
}

/// A mask file: black, with one white rectangle.
func maskPNG(_ width: Int, _ height: Int, white box: PixelBox) throws -> [UInt8] {
    var values = [UInt8](repeating: 0, count: width * height)
    for y in box.y..<box.y + box.height { for x in box.x..<box.x + box.width { values[y * width + x] = 255 } }
    return try TestPhoto(width: width, height: height, bands: 1, samples: values).png()
}

/// The samples of a file in its own bands.
func samples(of file: [UInt8]) throws -> (info: PhotoInfo, samples: [UInt8]) {
    let reader = try PhotoReader(file: FileBytes(file), argument: "image")
    var samples = [UInt8](repeating: 0, count: reader.ownByteCount)
    try samples.withUnsafeMutableBytes { try reader.readSamples(into: $0) }
    return (reader.info, samples)
}

/// The pixels of a file as RGB.
func rgb(of file: [UInt8]) throws -> [UInt8] {
    let reader = try PhotoReader(file: FileBytes(file), argument: "image")
    var pixels = [UInt8](repeating: 0, count: reader.rgbByteCount)
    try pixels.withUnsafeMutableBytes { try reader.readRGB(into: $0) }
    return pixels
}

/// Writes a file with a fill of one colour where `changed` says so.
func encode(
    _ file: [UInt8], filled: [UInt8], changed: [UInt8], options: PhotoWriterOptions = PhotoWriterOptions()
) throws -> EncodedFile {
    let info = try PhotoReader(file: FileBytes(file), argument: "image").info
    return try filled.withUnsafeBytes { filled in
        try changed.withUnsafeBytes { changed in
            try PhotoWriter.encode(
                source: FileBytes(file),
                fill: FilledPart(
                    box: PixelBox(x: 0, y: 0, width: info.width, height: info.height), filled: filled, changed: changed),
                width: info.width, height: info.height, bitDepth: info.layout.bitDepth, options: options)
        }
    }
}

/// A file on disc that goes when the test ends.
final class TemporaryFile: Sendable {
    let descriptor: Int32

    init(_ bytes: [UInt8]) {
        // A real file in the temporary folder, without a name.
        let path = String(cString: getenv("TMPDIR") ?? strdup("/tmp"))
        var template = Array("\(path)/refine-test-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        precondition(descriptor >= 0, "no temporary file")
        unlink(template)
        var done = 0
        bytes.withUnsafeBytes { memory in
            while done < memory.count {
                let count = write(descriptor, memory.baseAddress! + done, memory.count - done)
                precondition(count > 0, "the temporary file cannot be written")
                done += count
            }
        }
    }

    deinit { close(descriptor) }
}

extension SharedBuffer {
    var array: [UInt8] { withBytes { Array($0) } }

    static func of(_ bytes: [UInt8]) throws -> SharedBuffer { try bytes.withUnsafeBytes { try SharedBuffer($0) } }
}
