import Foundation
import Layers
import Testing

@Suite("AtomicFile")
struct AtomicFileTests {
    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test("write leaves the whole file, for its owner alone, and nothing beside it")
    func writes() throws {
        let folder = try TemporaryFolder(), path = "\(folder.path)/file"
        let data = Data((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) })
        try AtomicFile.write(data, to: path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == data)
        #expect(try mode(path) == 0o600)
        #expect(folder.names == ["file"])
        try AtomicFile.write(Data(), to: path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).isEmpty)
    }

    @Test("write replaces a file that others could read by one that they cannot")
    func replaces() throws {
        let folder = try TemporaryFolder(), path = try folder.file(Data("old".utf8), "file")
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        try AtomicFile.write(Data("new".utf8), to: path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("new".utf8))
        #expect(try mode(path) == 0o600)
    }

    @Test("a reader that has the old file open keeps the old content")
    func openReader() throws {
        let folder = try TemporaryFolder(), path = try folder.file(Data("old".utf8), "file")
        let reader = try #require(FileHandle(forReadingAtPath: path))
        try AtomicFile.write(Data("new".utf8), to: path)
        #expect(try reader.readToEnd() == Data("old".utf8))
    }

    @Test("a folder that does not exist is an error that names the file")
    func noFolder() throws {
        let folder = try TemporaryFolder(), path = "\(folder.path)/none/file"
        let error = #expect(throws: ModelError.self) { try AtomicFile.write(Data(), to: path) }
        #expect(error?.code == .cannotWrite && error?.place == path)
        #expect(folder.names.isEmpty)
    }

    @Test("where the rename fails, what was there stays and the partial file goes")
    func renameFails() throws {
        let folder = try TemporaryFolder(), path = "\(folder.path)/file"
        // A folder with something in it cannot be replaced by a file.
        try FileManager.default.createDirectory(atPath: "\(path)/inside", withIntermediateDirectories: true)
        let error = #expect(throws: ModelError.self) { try AtomicFile.write(Data("new".utf8), to: path) }
        #expect(error?.code == .cannotWrite)
        #expect(folder.names == ["file"])
        #expect(FileManager.default.fileExists(atPath: "\(path)/inside"))
    }

    /// Root may write everywhere, so this says something for other users only.
    @Test("an unwritable folder keeps its old file", .enabled(if: geteuid() != 0))
    func unwritable() throws {
        let folder = try TemporaryFolder(), path = try folder.file(Data("old".utf8), "file")
        try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: folder.path)
        defer { try? FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder.path) }
        let error = #expect(throws: ModelError.self) { try AtomicFile.write(Data("new".utf8), to: path) }
        #expect(error?.code == .cannotWrite)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("old".utf8))
    }
}
