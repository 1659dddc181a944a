import Foundation
import Layers

extension ModelFolder {
    /// Makes a folder for the owner's eyes only, where there is none.
    /// - Throws: `ModelError` with code `cannotWrite`.
    static func makeDirectory(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw ModelError(.cannotWrite, at: path, "the folder cannot be made")
        }
    }

    /// Reads one JSON file of a folder.
    /// - Throws: `ModelError` naming the file, and the key where there is one.
    static func decode<T: Decodable>(_ type: T.Type, _ directory: String, _ part: String) throws -> T {
        let path = "\(directory)/\(part)"
        guard FileManager.default.fileExists(atPath: path) else {
            throw ModelError(.missingFile, at: path, "there is no such file")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ModelError(.unreadableFile, at: path, "the file cannot be read")
        }
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw ModelError(.badConfiguration, at: path, Self.explain(error))
        } catch {
            throw ModelError(.badConfiguration, at: path, "the file is not JSON")
        }
    }

    private static func explain(_ error: DecodingError) -> String {
        func key(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
        switch error {
        case .keyNotFound(let missing, _): return "key \"\(missing.stringValue)\" is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "key \"\(key(context.codingPath))\" has the wrong type"
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            return "key \"\(key(context.codingPath))\" has a value that is not supported"
        default: return "the file is not JSON"
        }
    }

    /// Writes one JSON file of a folder, atomically.
    /// - Throws: `ModelError` with code `cannotWrite`.
    static func encode(_ value: some Encodable, _ directory: String, _ part: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        var data = try encoder.encode(value)
        data.append(0x0A)
        try AtomicFile.write(data, to: "\(directory)/\(part)")
    }
}
