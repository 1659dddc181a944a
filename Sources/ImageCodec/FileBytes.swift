import Glibc

/// The bytes of one file, in private memory: a file that changes or shrinks later does no harm.
///
/// `@unchecked Sendable`: the memory is written in `init` only and freed in `deinit`.
public final class FileBytes: @unchecked Sendable {
    /// The bytes; valid as long as this object.
    let memory: UnsafeMutableRawBufferPointer

    /// How many there are.
    public var count: Int { memory.count }

    /// Reads all of an open regular file, from its start whatever its offset is. The descriptor stays open.
    ///
    /// - Parameters:
    ///   - descriptor: open for reading.
    ///   - argument: what errors call the file, such as "image".
    ///   - limits: how large it may be.
    /// - Throws: `CodecError` when it is no regular file, is empty, is too large, or cannot be read.
    public init(descriptor: Int32, argument: String, limits: CodecLimits = CodecLimits()) throws {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw CodecError(
                .invalidArgument, argument: argument, reason: "not-a-file",
                message: "The \(argument) is not a regular file. Save it to a file first.")
        }
        let size = Int(status.st_size)
        guard size > 0 else {
            throw CodecError(
                .invalidArgument, argument: argument, reason: "empty-file",
                message: "The \(argument) is an empty file (0 bytes). Copy or export it again.")
        }
        guard size <= limits.fileBytes else {
            throw CodecError(
                .tooLarge, argument: argument, reason: "too-many-bytes",
                message: "The \(argument) file has \(size) bytes; at most \(limits.fileBytes) are read.")
        }
        // From here on deinit frees it, also when this throws.
        memory = .allocate(byteCount: size, alignment: 16)
        var done = 0
        while done < size {
            // In bounds: `done` is below the size of the memory.
            let got = pread(descriptor, memory.baseAddress! + done, size - done, off_t(done))
            if got < 0, errno == EINTR { continue }
            guard got > 0 else {
                let code = got < 0 ? errno : 0
                throw CodecError(
                    .invalidArgument, argument: argument, reason: "unreadable",
                    message: code == 0
                        ? "The \(argument) file shrank while it was read. Try again when it is complete."
                        : "The \(argument) file cannot be read (error \(code)). Check its permissions and its disc.")
            }
            done += got
        }
    }

    /// A copy of bytes that are in memory already.
    public init(_ bytes: some Collection<UInt8>) {
        memory = .allocate(byteCount: max(bytes.count, 1), alignment: 16)
        memory.copyBytes(from: bytes)
        if bytes.isEmpty { memory.storeBytes(of: 0, as: UInt8.self) }
    }

    /// Reads the file at a path.
    public convenience init(path: String, argument: String, limits: CodecLimits = CodecLimits()) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw CodecError(
                .invalidArgument, argument: argument, reason: "unreadable",
                message: "The \(argument) file cannot be opened (error \(errno)). Check its path and permissions.")
        }
        defer { close(descriptor) }
        try self.init(descriptor: descriptor, argument: argument, limits: limits)
    }

    deinit { memory.deallocate() }

    /// The format that the first bytes announce.
    public var format: PhotoFormat? { PhotoFormat(signature: memory.prefix(PhotoFormat.signatureLength)) }
}
