import BusTransport
import Glibc

/// Names of files.
enum FilePath {
    /// `a/b.c` gives `a` and `b.c`; `b.c` gives `.` and `b.c`.
    static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        return (folder, String(path[path.index(after: slash)...]))
    }

    /// `b.tar.gz` gives `b.tar` and `gz`; `.hidden` and `b` have no extension.
    static func splitName(_ name: String) -> (stem: String, suffix: String) {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return (name, "") }
        return (String(name[..<dot]), String(name[name.index(after: dot)...]))
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Opens a file to be read.
    ///
    /// - Parameter what: `photo` or `mask`, for the message.
    /// - Throws: `Failure` with exit code 66.
    static func open(_ path: String, _ what: String) throws -> BusFileDescriptor {
        // Without waiting: the name may be that of a pipe.
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else {
            let hint = errno == ENOENT ? "check the name of the \(what)" : "check the permissions of the \(what)"
            throw Failure.file(Failure.Code.noInput, "cannot open the \(what)", path, errno, hint: hint)
        }
        let file = BusFileDescriptor(owning: descriptor)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(
                Failure.Code.noInput, "cannot read the \(what) \(path): it is not a regular file",
                hint: "name an image file")
        }
        return file
    }
}
