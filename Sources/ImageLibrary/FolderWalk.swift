import Glibc

/// Looks through a folder without following links, so that no loop is possible, and without holding its files.
public struct FolderWalk {
    /// What was found besides the files.
    public struct Outcome: Sendable {
        public var files = 0
        /// Files of an image's name and of no length.
        public var emptyFiles = 0
        /// Folders that could not be opened or read to their end; what is known of them must not count as gone.
        public var unreadable: [BytePath] = []
        /// Folders that were gone through, relative to the root.
        public var folders: [BytePath] = []
    }

    private let root: Int32
    private let rules: ExcludeRules
    private let isCancelled: () -> Bool

    /// Files that tell programs to leave a folder alone.
    private static let markers: Set<[UInt8]> = [Array(".nomedia".utf8)]

    /// Walks.
    ///
    /// - Parameters:
    ///   - root: the watched folder, absolute.
    ///   - rules: what to leave out.
    ///   - start: where to begin, relative to the root.
    ///   - isRecursive: whether to go into folders below `start`.
    ///   - isCancelled: asked at every entry.
    ///   - body: called with each file's path, relative to the root.
    /// - Throws: `LibraryError` where the root cannot be read, `CancellationError`, and what `body` throws.
    public static func run(
        root: BytePath, rules: ExcludeRules, from start: BytePath = BytePath(""), isRecursive: Bool = true,
        isCancelled: () -> Bool = { false }, _ body: (BytePath, FileStamp) throws -> Void
    ) throws -> Outcome {
        let descriptor = root.withCString { Glibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw Self.error(errno) }
        defer { close(descriptor) }
        return try withoutActuallyEscaping(isCancelled) { isCancelled in
            try FolderWalk(root: descriptor, rules: rules, isCancelled: isCancelled).go(start, isRecursive, body)
        }
    }

    /// The kernel's reason why a watched folder cannot be read, as an error of the library.
    static func error(_ number: Int32) -> LibraryError {
        switch number {
        case ENOENT:
            LibraryError(.folderMissing, "the folder is not there", remedy: "check its name, or mount its disc")
        case ENOTDIR:
            LibraryError(.notAFolder, "this is not a folder", remedy: "name the folder that holds the photos")
        case EACCES, EPERM:
            LibraryError(.unreadable, "the folder may not be read", remedy: "check its permissions")
        default:
            LibraryError(
                .unreadable, "the folder cannot be read (\(String(cString: strerror(number))))",
                remedy: "check its disc or mount")
        }
    }

    private func go(
        _ start: BytePath, _ isRecursive: Bool, _ body: (BytePath, FileStamp) throws -> Void
    ) throws -> Outcome {
        var outcome = Outcome()
        var rest = [start]
        while let folder = rest.popLast() {
            if isCancelled() { throw CancellationError() }
            guard let listing = list(folder) else {
                // Gone since its parent was read, or never there: then its files are gone too.
                if errno != ENOENT && errno != ENOTDIR { outcome.unreadable.append(folder) }
                continue
            }
            defer { closedir(listing) }
            // The marker can come after files, so they wait until the folder has been read.
            var files: [BytePath] = [], folders: [BytePath] = []
            var isMarked = false
            errno = 0
            while let entry = readdir(listing) {
                let name = Self.name(entry)
                if Self.markers.contains(name) { isMarked = true }
                guard name != [46], name != [46, 46] else { continue }
                let path = folder.appending(BytePath(name))
                switch Int(entry.pointee.d_type) {
                case Int(DT_DIR): if rules.takesFolder(path) { folders.append(path) }
                case Int(DT_REG): if rules.takesFile(path) { files.append(path) }
                case Int(DT_UNKNOWN):
                    // Some file systems do not tell the kind.
                    switch status(path)?.kind {
                    case S_IFDIR?: if rules.takesFolder(path) { folders.append(path) }
                    case S_IFREG?: if rules.takesFile(path) { files.append(path) }
                    default: break
                    }
                default: break
                }
                errno = 0
            }
            if errno != 0 { outcome.unreadable.append(folder) }
            guard !isMarked else { continue }
            outcome.folders.append(folder)
            // In the order of their names, which is mostly that of taking: what comes after it is the same everywhere.
            for path in files.sorted() {
                guard let (kind, stamp) = status(path), kind == S_IFREG else { continue }
                guard stamp.size > 0 else {
                    outcome.emptyFiles += 1
                    continue
                }
                outcome.files += 1
                try body(path, stamp)
            }
            if isRecursive { rest += folders }
        }
        return outcome
    }

    private func list(_ folder: BytePath) -> OpaquePointer? {
        let path = folder.isEmpty ? BytePath(".") : folder
        let descriptor = path.withCString { openat(root, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        guard descriptor >= 0 else { return nil }
        guard let listing = fdopendir(descriptor) else {
            close(descriptor)
            return nil
        }
        return listing
    }

    private func status(_ path: BytePath) -> (kind: mode_t, stamp: FileStamp)? {
        var status = stat()
        guard path.withCString({ fstatat(root, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 else { return nil }
        return (status.st_mode & S_IFMT, FileStamp(status))
    }

    private static func name(_ entry: UnsafeMutablePointer<dirent>) -> [UInt8] {
        // The name begins at the field's offset and ends with a zero byte inside of the record.
        let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 19
        let start = UnsafeRawPointer(entry) + offset
        return Array(UnsafeRawBufferPointer(start: start, count: strlen(start.assumingMemoryBound(to: CChar.self))))
    }
}

extension FileStamp {
    public init(_ status: stat) {
        self.init(
            place: FilePlace(
                device: Int64(bitPattern: UInt64(status.st_dev)), inode: Int64(bitPattern: UInt64(status.st_ino))),
            size: Int64(status.st_size),
            modifiedAt: Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec))
    }
}
