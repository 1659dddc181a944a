import Foundation
import ImageCodec
import ImageLibrary

/// A folder with photos, and a data folder beside it; both go with this object.
final class Place {
    let root: URL
    var photos: BytePath { BytePath(root.appendingPathComponent("photos").path) }
    var data: String { root.appendingPathComponent("data").path }

    init() throws {
        let made = FileManager.default.temporaryDirectory.appendingPathComponent("refine-library-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: made.appendingPathComponent("photos"), withIntermediateDirectories: true)
        // As the library wants it: with links resolved.
        guard let resolved = BytePath(made.path).resolved() else { throw CocoaError(.fileNoSuchFile) }
        root = URL(fileURLWithPath: String(decoding: resolved.bytes, as: UTF8.self))
    }

    deinit { try? FileManager.default.removeItem(at: root) }

    func open() throws -> LibraryStore { try LibraryStore.open(in: data).0 }

    func url(_ name: String) -> URL { root.appendingPathComponent("photos").appendingPathComponent(name) }

    /// Writes a file with any bytes for a name.
    @discardableResult
    func write(_ name: String, _ content: String = "content") throws -> URL {
        let file = url(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content.utf8).write(to: file)
        return file
    }

    /// All bytes of all files of the data folder.
    func dataBytes() throws -> Data {
        var all = Data()
        for name in try FileManager.default.contentsOfDirectory(atPath: data).sorted() {
            var isFolder: ObjCBool = false
            let path = data + "/" + name
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
                continue
            }
            all += try Data(contentsOf: URL(fileURLWithPath: path))
        }
        return all
    }
}

extension LibraryStore {
    /// Passes over the only folder.
    @discardableResult
    func pass(from start: String = "", isRecursive: Bool = true) throws -> FolderPass.Outcome {
        guard let folder = try folders().first else { throw CocoaError(.fileNoSuchFile) }
        return try FolderPass.run(self, folder, from: BytePath(start), isRecursive: isRecursive)
    }

    /// Takes all waiting images in as if they had been read, with hashes made by `facts`.
    func takeIn(_ facts: (ImageRecord) -> ImageFacts) throws {
        let intake = try ImageIntake(self)
        while let image = try waiting(limit: 1).first { try intake.accept(image, facts(image)) }
    }

    /// Names of all images below the only folder, by state.
    func names(_ state: ImageState? = nil) throws -> [String] {
        guard let folder = try folders().first else { return [] }
        return try images(state: state, limit: 100_000).map {
            String(decoding: $0.path.relative(to: folder.path)?.bytes ?? [], as: UTF8.self)
        }
    }
}

extension ImageFacts {
    /// Facts that no other image has: the hash of the path, spread over all bits.
    static func unique(_ image: ImageRecord) -> ImageFacts {
        var mixed: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in image.path.bytes { mixed = (mixed ^ UInt64(byte)) &* 0x100_0000_01B3 }
        mixed = (mixed ^ (mixed >> 31)) &* 0xBF58_476D_1CE4_E5B9
        mixed ^= mixed >> 29
        return of(mixed)
    }

    static func of(_ hash: UInt64, content: UInt64? = nil, width: Int = 640, height: Int = 480) -> ImageFacts {
        let bytes = withUnsafeBytes(of: (content ?? hash).bigEndian) { Array($0) }
        return ImageFacts(
            contentHash: bytes + [UInt8](repeating: 7, count: 24), perceptualHash: hash, width: width, height: height)
    }
}

/// A PNG of a pattern that depends on `seed`.
func picture(_ width: Int, _ height: Int, seed: Int) throws -> Data {
    var samples = [UInt8](repeating: 0, count: width * height * 3)
    for y in 0..<height {
        for x in 0..<width {
            let wave = sin(Double(x * (seed + 1)) * 6 / Double(width) + Double(seed))
            let level = 128 + 60 * wave * cos(Double(y * (seed % 3 + 1)) * 5 / Double(height) + Double(seed * 2))
            for channel in 0..<3 { samples[(y * width + x) * 3 + channel] = UInt8(level + Double(channel * 8)) }
        }
    }
    return try samples.withUnsafeBytes { Data(try PixelFile.png(samples: $0, width: width, height: height, bands: 3)) }
}
