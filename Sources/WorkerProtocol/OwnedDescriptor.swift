import Glibc

/// Closes a file descriptor when it goes.
package final class OwnedDescriptor: Sendable {
    package let number: Int32

    package init(_ number: Int32) { self.number = number }

    deinit { close(number) }

    /// A second descriptor of the same open file, which the caller's closing does not touch.
    ///
    /// - Throws: `WorkerError` with `invalidArgument` when `number` is not open.
    package static func duplicate(of number: Int32, argument: String) throws -> OwnedDescriptor {
        let copy = raw(number)
        guard copy >= 0 else {
            throw WorkerError(
                .invalidArgument, argument: argument, reason: "not-open",
                message: "The \(argument) is not an open file. Open it for reading first.")
        }
        return OwnedDescriptor(copy)
    }

    /// A descriptor that the caller closes.
    package func duplicated() throws -> Int32 {
        let copy = Self.raw(number)
        guard copy >= 0 else { throw WorkerError.system("Copying a descriptor", errno) }
        return copy
    }

    /// Above the standard descriptors, and not to survive an exec.
    private static func raw(_ number: Int32) -> Int32 { fcntl(number, F_DUPFD_CLOEXEC, 3) }
}
