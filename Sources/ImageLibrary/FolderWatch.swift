import Dispatch
import Glibc

/// Tells which folders change, by inotify. Costs nothing while nothing changes.
///
/// `@unchecked Sendable`: all state is used on `queue` only.
public final class FolderWatch: @unchecked Sendable {
    /// What happened.
    public enum Change: Sendable, Equatable {
        /// Something in this folder, relative to the watched one; `isDeep` where folders came or went.
        case changed(folder: Int64, BytePath, isDeep: Bool)
        /// The kernel had to drop events: everything must be looked at again.
        case overflow
    }

    /// The kernel allows no more watches.
    public struct LimitReached: Error {}

    private let descriptor: Int32
    private let queue = DispatchQueue(label: "org.refinecontrol.folder-watch")
    private let source: any DispatchSourceRead
    private var watched: [Int32: (folder: Int64, path: BytePath)] = [:]
    private let handler: @Sendable (Change) -> Void

    private static let mask =
        UInt32(IN_CREATE) | UInt32(IN_CLOSE_WRITE) | UInt32(IN_MOVED_FROM) | UInt32(IN_MOVED_TO) | UInt32(IN_DELETE)
        | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF) | UInt32(IN_ONLYDIR) | UInt32(IN_DONT_FOLLOW)
        | UInt32(IN_EXCL_UNLINK)

    /// - Parameter handler: called on a queue of this object.
    /// - Throws: `LibraryError` where the kernel has no inotify left to give.
    public init(_ handler: @escaping @Sendable (Change) -> Void) throws {
        descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard descriptor >= 0 else {
            throw LibraryError(
                .unreadable, "folders cannot be watched (\(String(cString: strerror(errno))))",
                remedy: "raise fs.inotify.max_user_instances")
        }
        self.handler = handler
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler { [weak self] in self?.read() }
        source.setCancelHandler { [descriptor] in close(descriptor) }
        source.activate()
    }

    deinit { source.cancel() }

    /// Watches folders below a watched folder. Those that are gone are left out.
    ///
    /// - Throws: `LimitReached`.
    public func watch(_ folder: Int64, root: BytePath, _ paths: [BytePath]) throws {
        try queue.sync {
            for path in paths {
                let number = root.appending(path).withCString { inotify_add_watch(descriptor, $0, Self.mask) }
                if number >= 0 {
                    watched[number] = (folder, path)
                } else if errno == ENOSPC || errno == ENOMEM {
                    throw LimitReached()
                }
            }
        }
    }

    /// Stops watching all below a watched folder.
    public func unwatch(_ folder: Int64) {
        queue.sync {
            for (number, place) in watched where place.folder == folder {
                inotify_rm_watch(descriptor, number)
                watched[number] = nil
            }
        }
    }

    /// How many folders are watched.
    public var count: Int { queue.sync { watched.count } }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return }
            buffer.withUnsafeBytes { handle(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    private func handle(_ bytes: UnsafeRawBufferPointer) {
        let header = MemoryLayout<inotify_event>.size
        var offset = 0
        // Events of one read that say the same are told once.
        var told: Set<BytePath> = []
        while offset + header <= bytes.count {
            let event = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
            offset += header + Int(event.len)
            if event.mask & UInt32(IN_Q_OVERFLOW) != 0 {
                handler(.overflow)
                continue
            }
            guard let place = watched[event.wd] else { continue }
            if event.mask & UInt32(IN_IGNORED) != 0 {
                watched[event.wd] = nil
                continue
            }
            let isDeep = event.mask & UInt32(IN_ISDIR | IN_DELETE_SELF | IN_MOVE_SELF) != 0
            guard isDeep || told.insert(place.path).inserted else { continue }
            handler(.changed(folder: place.folder, place.path, isDeep: isDeep))
        }
    }
}

/// The kind of file system that a folder lies on.
public enum FileSystemKind {
    /// Whether changes by other machines or processes may come without an inotify event, so that a folder must be
    /// looked through from time to time: network file systems and FUSE.
    public static func needsRescan(_ folder: BytePath) -> Bool {
        // struct statfs begins with the kind as a long, and has 120 bytes on 64-bit systems.
        var status = [Int](repeating: 0, count: 64)
        guard folder.withCString({ fileSystemStatus($0, &status) }) == 0 else { return true }
        return remote.contains(UInt32(truncatingIfNeeded: status[0]))
    }

    /// statfs(2): NFS, SMB, CIFS, SMB2, FUSE, 9P, Ceph, AFS, Coda, NCP.
    private static let remote: Set<UInt32> = [
        0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x6573_5546, 0x0102_1997, 0x00C3_6400, 0x5346_414F, 0x7375_7245,
        0x564C,
    ]
}

/// statfs(2), which Swift's import of glibc lacks.
@_silgen_name("statfs")
private func fileSystemStatus(_ path: UnsafePointer<CChar>, _ status: UnsafeMutableRawPointer) -> Int32
