import CDBus
import Glibc

/// A file descriptor that closes itself.
///
/// What is read from a message is a duplicate made by libdbus for the reader; what is put into a message is duplicated
/// again. So each instance owns exactly one descriptor, and letting go of the instance is all the cleaning up there is.
public final class BusFileDescriptor: Sendable {
    /// The descriptor, valid as long as this instance lives. Callees must not close it.
    public let rawValue: Int32

    /// Takes over `descriptor`.
    public init(owning descriptor: Int32) {
        rawValue = descriptor
    }

    /// Duplicates `descriptor`, which stays with the caller.
    ///
    /// - Throws: `BusError` with code `system` where there are no more descriptors.
    public convenience init(duplicating descriptor: Int32) throws {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw BusError.system("duplicate a file descriptor", errno) }
        self.init(owning: copy)
    }

    /// A new descriptor of the same file, for reading only, with an offset of its own at the start. Duplicates share their
    /// offset, so a second reader of a duplicate would begin where the first one ended.
    ///
    /// - Throws: `BusError` with code `system`.
    public func reopenedForReading() throws -> BusFileDescriptor {
        let descriptor = open("/proc/self/fd/\(rawValue)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw BusError.system("open a file again", errno) }
        return BusFileDescriptor(owning: descriptor)
    }

    /// An empty file in memory.
    ///
    /// - Throws: `BusError` with code `system`.
    public static func memory(named name: String) throws -> BusFileDescriptor {
        let descriptor = cdbus_memory_file(name)
        guard descriptor >= 0 else { throw BusError.system("make a file in memory", errno) }
        return BusFileDescriptor(owning: descriptor)
    }

    deinit {
        close(rawValue)
    }
}

extension BusFileDescriptor: Equatable {
    public static func == (left: BusFileDescriptor, right: BusFileDescriptor) -> Bool { left === right }
}
