import BusTransport
import Glibc

/// A file that appears complete or not at all: written beside its place, then renamed.
///
/// It is made before the work begins, so that a folder that cannot be written to is known before a minute of waiting.
final class OutputFile {
    let path: String
    private let temporary: String
    private let descriptor: Int32
    private var isDone = false

    /// - Throws: `Failure` with exit code 73.
    init(_ path: String) throws {
        self.path = try Self.target(path)
        let (folder, name) = FilePath.split(self.path)
        var attempt = 0
        while true {
            let random = String(UInt32.random(in: 0...UInt32.max), radix: 36)
            let candidate = "\(folder)/.\(name.prefix(100)).\(random).part"
            // Mode as for every new file: the umask decides.
            let descriptor = open(candidate, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666)
            if descriptor >= 0 {
                self.descriptor = descriptor
                temporary = candidate
                return
            }
            attempt += 1
            guard errno == EEXIST, attempt < 10 else {
                throw Failure.file(
                    Failure.Code.cannotCreate, "cannot write", path, errno,
                    hint: "choose a place that you can write to with -o")
            }
        }
    }

    deinit {
        if !isDone {
            close(descriptor)
            unlink(temporary)
        }
    }

    /// Copies `source` and gives the file its name.
    ///
    /// - Throws: `Failure` with exit code 74.
    func write(_ source: BusFileDescriptor) throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(source.rawValue, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failed("cannot read the result for") }
            if count == 0 { break }
            try append(buffer[..<count])
        }
        // The name must not point at a file whose content a power cut can still take away.
        guard fsync(descriptor) == 0 else { throw failed("cannot write") }
        isDone = true
        guard close(descriptor) == 0, rename(temporary, path) == 0 else {
            let error = failed("cannot write")
            unlink(temporary)
            throw error
        }
        Self.synchronizeFolder(of: path)
    }

    private func append(_ bytes: ArraySlice<UInt8>) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failed("cannot write") }
            rest = rest.dropFirst(count)
        }
    }

    private func failed(_ what: String) -> Failure {
        .file(
            Failure.Code.ioError, what, path, errno,
            hint: "check that there is space left, or choose another place with -o")
    }

    /// Where the file really goes: through links, and never in place of a device or a folder.
    private static func target(_ path: String) throws -> String {
        var status = stat()
        guard stat(path, &status) == 0 else { return path }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(
                Failure.Code.cannotCreate, "cannot write \(path): it is not a regular file",
                hint: "name a file with -o")
        }
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Not every file system can, and the file itself is safe, so a failure is none of ours.
    private static func synchronizeFolder(of path: String) {
        let descriptor = open(FilePath.split(path).folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
