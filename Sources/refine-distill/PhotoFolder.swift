import ArgumentParser
import Distillation
import Foundation
import ImageCodec

/// The photos of a folder and the folders in it, scaled down and kept in memory. Files that cannot be decoded are left
/// out and listed.
///
/// Captions come from `metadata.jsonl` beside the photos, as Hugging Face's image folders have it: a line
/// `{"file_name": "a.png", "text": "a brick wall"}` for each.
final class PhotoFolder: PhotoSource {
    private let photos: [TrainingPhoto]
    /// Files that are left out: path and reason.
    let skipped: [(path: String, reason: String)]

    /// Longer side of the photos in memory.
    private static let side = 768
    private static let extensions: Set = [
        "jpg", "jpeg", "png", "webp", "tif", "tiff", "heic", "heif", "avif", "gif",
    ]

    var count: Int { photos.count }

    func photo(at index: Int) throws -> TrainingPhoto { photos[index] }

    /// - Throws: `CocoaError` when the folder cannot be listed, `DecodingError` for a damaged `metadata.jsonl`.
    init(_ folder: String) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw CocoaError(.fileReadNoSuchFile, userInfo: [NSFilePathErrorKey: folder])
        }
        let captions = try Self.captions(folder)
        var photos: [TrainingPhoto] = [], skipped: [(path: String, reason: String)] = []
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
        where Self.extensions.contains((name as NSString).pathExtension.lowercased()) {
            do {
                photos.append(try Self.read("\(folder)/\(name)", caption: captions[name] ?? ""))
            } catch {
                skipped.append((name, (error as? CodecError)?.message ?? "\(error)"))
            }
        }
        self.photos = photos
        self.skipped = skipped
    }

    private struct Label: Decodable {
        var file_name: String
        var text: String
    }

    private static func captions(_ folder: String) throws -> [String: String] {
        guard let data = FileManager.default.contents(atPath: "\(folder)/metadata.jsonl") else { return [:] }
        let labels = try data.split(separator: 0x0A).map { try JSONDecoder().decode(Label.self, from: $0) }
        return Dictionary(labels.map { ($0.file_name, $0.text) }, uniquingKeysWith: { $1 })
    }

    private static func read(_ path: String, caption: String) throws -> TrainingPhoto {
        let reader = try PhotoReader(file: FileBytes(path: path, argument: "photo"), argument: "photo")
        let (width, height) = (reader.info.width, reader.info.height)
        var samples = [UInt8](repeating: 0, count: reader.rgbByteCount)
        try samples.withUnsafeMutableBytes { try reader.readRGB(into: $0) }
        if reader.info.layout.bitDepth == 16 {
            samples = samples.withUnsafeBytes { $0.bindMemory(to: UInt16.self).map { UInt8($0 >> 8) } }
        }
        return TrainingPhoto(width: width, height: height, pixels: samples, caption: caption)
            .scaledDown(toLongerSide: side)
    }

    /// Reads the folder of an option, and tells what was found and what was left out.
    /// - Throws: `ValidationError` naming the option.
    convenience init(reading path: String, option: String) throws {
        do {
            try self.init(path)
        } catch is CocoaError {
            throw ValidationError("\(option): \"\(path)\" is no folder that can be listed")
        } catch is DecodingError {
            throw ValidationError("\(option): \"\(path)/metadata.jsonl\" has a line that is not a file name and a text")
        }
        print("\(path): \(count) photos, \(skipped.count) left out")
        for (name, reason) in skipped { print("  \(name): \(reason)") }
        guard count > 0 else {
            throw ValidationError("\(option): \"\(path)\" has no photo that can be read; give another folder")
        }
    }
}
