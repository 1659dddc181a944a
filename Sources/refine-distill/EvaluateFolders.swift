import Foundation
import Glibc
import ImageCodec
import Metrics

/// Folders of pictures that belong together by their names without suffix: true pictures, fills of them, masks.
struct EvaluateFolders {
    /// What could not be used and why, for the user.
    private(set) var skipped: [String] = []
    private(set) var samples: [ReferenceSample] = []
    /// Fills by row, in the order of `samples`.
    private(set) var fills: [[MetricImage]] = []

    private static let suffixes: Set = ["jpg", "jpeg", "png", "webp", "tif", "tiff", "heic", "heif", "avif", "gif"]

    /// Reads all pictures that every folder has.
    /// - Throws: `EvaluateError` for an empty or unreadable folder, and when nothing is left.
    init(references: String, fills folders: [(name: String, path: String)], masks: String?) throws {
        let truths = try Self.files(in: references)
        let candidates = try folders.map { try Self.files(in: $0.path) }
        let maskFiles = try masks.map(Self.files)
        fills = Array(repeating: [], count: folders.count)
        for (stem, path) in truths.sorted(by: { $0.key < $1.key }) {
            do {
                let truth = try Self.picture(path)
                guard min(truth.width, truth.height) >= ReferenceSample.smallestSide else {
                    throw EvaluateError("\(path) has \(truth.width)x\(truth.height) pixels, too few to measure")
                }
                let pictures = try zip(folders, candidates).map { folder, files in
                    guard let file = files[stem] else {
                        throw EvaluateError("\(folder.path) has no picture \"\(stem)\"")
                    }
                    let picture = try Self.picture(file)
                    guard picture.width == truth.width, picture.height == truth.height else {
                        throw EvaluateError(
                            "\(file) has \(picture.width)x\(picture.height) pixels, \(path) \(truth.width)x\(truth.height)"
                        )
                    }
                    return picture
                }
                let mask = try maskFiles.map { files in
                    guard let file = files[stem] else { throw EvaluateError("\(masks ?? "") has no mask \"\(stem)\"") }
                    return try Self.mask(file, width: truth.width, height: truth.height)
                }
                samples.append(ReferenceSample(photo: stem, truth: truth, mask: mask))
                for (row, picture) in pictures.enumerated() { fills[row].append(picture) }
            } catch let error as EvaluateError {
                skipped.append(error.description)
            }
        }
        for (folder, files) in zip(folders, candidates) {
            for stem in files.keys.sorted() where truths[stem] == nil {
                skipped.append("\(folder.path): \"\(stem)\" has no true picture in \(references)")
            }
        }
        guard !samples.isEmpty else {
            let reason = skipped.first.map { "; the first reason: \($0)" } ?? ""
            throw EvaluateError(
                "no picture of \(references) can be compared\(reason). Give fills the names of the photos")
        }
    }

    /// All pictures of a folder, by name; for sets that are compared as such.
    static func pictures(in folder: String) throws -> (pictures: [MetricImage], skipped: [String]) {
        var pictures: [MetricImage] = []
        var skipped: [String] = []
        for (_, path) in try files(in: folder).sorted(by: { $0.key < $1.key }) {
            do { pictures.append(try picture(path)) } catch let error as EvaluateError {
                skipped.append(error.description)
            }
        }
        guard !pictures.isEmpty else { throw EvaluateError("no picture of \(folder) can be read") }
        return (pictures, skipped)
    }

    private static func files(in folder: String) throws -> [String: String] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw EvaluateError("\(folder) is not a folder that can be read. Check the path and its permissions")
        }
        var files: [String: String] = [:]
        for name in names.sorted() where suffixes.contains((name as NSString).pathExtension.lowercased()) {
            let stem = (name as NSString).deletingPathExtension
            if let other = files[stem] {
                throw EvaluateError("\(other) and \(folder)/\(name) differ by their suffix alone. Remove one of them")
            }
            files[stem] = "\(folder)/\(name)"
        }
        guard !files.isEmpty else { throw EvaluateError("\(folder) holds no picture. Give a folder of images") }
        return files
    }

    private static func bytes(_ path: String, argument: String) throws -> FileBytes {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw EvaluateError("\(path) cannot be opened") }
        defer { close(descriptor) }
        return try FileBytes(descriptor: descriptor, argument: argument)
    }

    /// Upright RGB in 0...1.
    static func picture(_ path: String) throws -> MetricImage {
        do {
            let reader = try PhotoReader(file: bytes(path, argument: "image"), argument: "image")
            let (width, height) = (reader.info.width, reader.info.height)
            if reader.info.layout.bitDepth == 8 {
                var pixels = [UInt8](repeating: 0, count: reader.rgbByteCount)
                try pixels.withUnsafeMutableBytes { try reader.readRGB(into: $0) }
                return MetricImage(width: width, height: height, rgb: pixels)
            }
            var pixels = [UInt16](repeating: 0, count: reader.rgbByteCount / 2)
            try pixels.withUnsafeMutableBytes { try reader.readRGB(into: $0) }
            let plane = width * height
            return MetricImage(
                width: width, height: height,
                values: (0..<(3 * plane)).map { Float(pixels[$0 % plane * 3 + $0 / plane]) / 65535 })
        } catch let error as CodecError {
            throw EvaluateError("\(path): \(error.message)")
        }
    }

    private static func mask(_ path: String, width: Int, height: Int) throws -> [UInt8] {
        do {
            return try HoleMask(file: bytes(path, argument: "mask"), width: width, height: height).values
        } catch let error as CodecError {
            throw EvaluateError("\(path): \(error.message)")
        }
    }
}

/// Why an evaluation cannot be done, with the remedy.
struct EvaluateError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
