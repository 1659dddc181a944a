import TestSupport
import BusTransport
import Foundation
import RefineBus
import RefineDaemon

/// A codec for the one format that needs none: binary PPM photos and PGM masks.
struct TestCodec: PhotoCodec {
    /// The name of the memory files that it makes.
    var fileName = "test"

    func decode(
        image: BusFileDescriptor, mask: BusFileDescriptor?, marks: HoleMarks
    ) async throws -> DecodedFile {
        let photo = try PortableMap(content(of: image), "image")
        guard photo.channels == 3 else { throw Self.unsupported("image") }
        var marked = [UInt8](repeating: 0, count: photo.width * photo.height)
        if let mask {
            let map = try PortableMap(content(of: mask), "mask")
            guard map.channels == 1, map.width == photo.width, map.height == photo.height else {
                throw RefineError(
                    .invalidArgument, "mask", "mask-size", "the mask has another size", remedy: "make them equal")
            }
            marked = map.samples.map { $0 >= 128 ? 255 : 0 }
        }
        for box in marks.boxes {
            for y in Int(box.y)..<min(photo.height, Int(box.y + box.height)) {
                for x in Int(box.x)..<min(photo.width, Int(box.x + box.width)) { marked[y * photo.width + x] = 255 }
            }
        }
        if marks.invert { marked = marked.map { ~$0 } }
        let fraction = Double(marked.count { $0 != 0 }) / Double(marked.count)
        return DecodedFile(
            photo: RawPhoto(
                width: photo.width, height: photo.height, samples: .u8(photo.samples), mask: marked),
            format: "ppm", warnings: fraction > 0.6 ? ["mask-covers-most"] : [], maskedFraction: fraction)
    }

    func encode(source image: BusFileDescriptor, _ photo: RawPhoto, _ outcome: FillOutcome) async throws -> EncodedFile
    {
        try file(photo.width, photo.height, outcome.filled)
    }

    func compare(_ photo: RawPhoto, _ outcome: FillOutcome) async throws -> EncodedFile {
        guard let classical = outcome.classical else { throw Self.unsupported("compare") }
        return try file(photo.width, photo.height, classical)
    }

    func guards() async -> PrivacyReport {
        PrivacyReport(
            guards: ["test": true], landlock: .init(abi: 3, denied: ["execute", "read-file"], bindsEveryThread: false))
    }

    private func file(_ width: Int, _ height: Int, _ samples: RawPhoto.Samples) throws -> EncodedFile {
        guard case .u8(let values) = samples else { throw Self.unsupported("image") }
        let bytes = PortableMap.header(channels: 3, width: width, height: height) + values
        return EncodedFile(
            file: try memory(bytes, named: fileName), size: bytes.count, format: "ppm", notes: ["lossless"])
    }

    static func unsupported(_ name: String) -> RefineError {
        RefineError(.unsupportedFormat, name, "not-an-image", "this is no image", remedy: "give a PPM file")
    }
}

/// A binary PPM or PGM.
struct PortableMap {
    let channels, width, height: Int
    let samples: [UInt8]

    init(_ bytes: [UInt8], _ name: String) throws {
        let fields = bytes.prefix(64).split(separator: 10, maxSplits: 3, omittingEmptySubsequences: false)
        guard fields.count > 2, let channels = ["P6": 3, "P5": 1][String(decoding: fields[0], as: UTF8.self)] else {
            throw TestCodec.unsupported(name)
        }
        let size = String(decoding: fields[1], as: UTF8.self).split(separator: " ").compactMap { Int($0) }
        let start = fields.prefix(3).reduce(0) { $0 + $1.count + 1 }
        guard size.count == 2, bytes.count - start == size[0] * size[1] * channels else {
            throw RefineError(.invalidArgument, name, "damaged", "the file is cut off", remedy: "get it anew")
        }
        (self.channels, width, height) = (channels, size[0], size[1])
        samples = Array(bytes[start...])
    }

    static func header(channels: Int, width: Int, height: Int) -> [UInt8] {
        Array("P\(channels == 3 ? 6 : 5)\n\(width) \(height)\n255\n".utf8)
    }

    /// A photo of one colour.
    static func photo(_ width: Int, _ height: Int, value: UInt8 = 10) -> [UInt8] {
        header(channels: 3, width: width, height: height) + [UInt8](repeating: value, count: width * height * 3)
    }

    /// A mask with its first `marked` pixels white.
    static func mask(_ width: Int, _ height: Int, marked: Int) -> [UInt8] {
        header(channels: 1, width: width, height: height)
            + (0..<width * height).map { $0 < marked ? 255 : 0 }
    }
}

/// The bytes in a file in memory.
func memory(_ bytes: [UInt8], named name: String = "test") throws -> BusFileDescriptor {
    let file = try BusFileDescriptor.memory(named: name)
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(file.rawValue, $0.baseAddress, $0.count) }
        guard count > 0 else { throw Overdue(what: "a write to memory") }
        rest = rest.dropFirst(count)
    }
    return file
}

/// All bytes of a file, whatever its offset.
func content(of file: BusFileDescriptor) throws -> [UInt8] {
    var status = stat()
    guard fstat(file.rawValue, &status) == 0 else { throw Overdue(what: "a file's size") }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var done = 0
    while done < bytes.count {
        let offset = done
        let count = bytes.withUnsafeMutableBytes {
            pread(file.rawValue, $0.baseAddress?.advanced(by: offset), $0.count - offset, off_t(offset))
        }
        guard count > 0 else { break }
        done += count
    }
    return bytes
}
