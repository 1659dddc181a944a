import Foundation
import Glibc

/// Files that are either the old ones or the whole new ones, also after a crash or a power cut.
public enum AtomicFile {
    /// Writes beside `path`, syncs, renames over it, and syncs the folder. The file is readable by its owner alone.
    /// - Throws: `ModelError` with code `cannotWrite`; the old file is then untouched.
    public static func write(_ data: Data, to path: String) throws {
        let temporary = "\(path).\(getpid()).partial"
        func failed(_ what: String) -> ModelError {
            let reason = String(cString: strerror(errno))
            unlink(temporary)
            return ModelError(.cannotWrite, at: path, "\(what): \(reason)")
        }
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failed("the file cannot be made") }
        let written = data.withUnsafeBytes { buffer in writeAll(buffer, to: descriptor) }
        guard written, fsync(descriptor) == 0 else {
            let error = failed("writing failed")
            close(descriptor)
            throw error
        }
        guard close(descriptor) == 0, rename(temporary, path) == 0 else { throw failed("renaming failed") }
        let folder = open((path as NSString).deletingLastPathComponent.nonEmpty ?? ".", O_RDONLY | O_DIRECTORY)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    private static func writeAll(_ buffer: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var rest = buffer[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
