import Foundation
import ImageLibrary

/// A number that tells whether the files of a folder are still what was written: 64-bit FNV-1a over their names and
/// contents (Fowler, Noll and Vo; RFC draft-eastlake-fnv). It finds damage; who can write there needs no such trick.
enum FolderDigest {
    /// - Throws: `LibraryError` where a file cannot be read or the folder is not there.
    static func of(_ folder: String) throws -> String {
        guard let names = try? FileManager.default.subpathsOfDirectory(atPath: folder), !names.isEmpty else {
            throw unreadable
        }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        }
        for name in names.sorted() {
            var isFolder: ObjCBool = false
            let path = "\(folder)/\(name)"
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { throw unreadable }
            add(Array(name.utf8) + [0])
            if isFolder.boolValue { continue }
            guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) else {
                throw unreadable
            }
            data.withUnsafeBytes { add($0) }
            add([0])
        }
        return String(hash, radix: 16)
    }

    /// Waits until the names in a folder are on the disc.
    static func sync(_ folder: String) throws {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw unreadable }
    }

    private static var unreadable: LibraryError {
        LibraryError(
            .databaseFailed, "the files of a generation cannot be read or synced",
            remedy: "check the data folder's disk and permissions")
    }
}
