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

    deinit {
        close(rawValue)
    }
}

extension BusFileDescriptor: Equatable {
    public static func == (left: BusFileDescriptor, right: BusFileDescriptor) -> Bool { left === right }
}
