import Glibc

/// Tells systemd how the service is (`sd_notify`), without libsystemd: one datagram to the socket that it names.
public struct SystemdNotifier: Sendable {
    private let path: String

    /// Nil where no service manager asks for notices. A path that begins with `@` is an abstract socket.
    public init?(path: String? = getenv("NOTIFY_SOCKET").map { String(cString: $0) }) {
        let longest = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1
        guard let path, path.hasPrefix("/") || path.hasPrefix("@"), path.utf8.count <= longest else { return nil }
        self.path = path
    }

    /// The clock that systemd wants the begin of a reload in.
    static var monotonicMicroseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
    }

    /// Sends lines such as `READY=1`.
    ///
    /// - Returns: Whether the manager took it. There is nothing to be done where it did not.
    @discardableResult
    public func send(_ state: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { field in
            field.copyBytes(from: bytes)
            // An abstract name begins with a zero byte and ends with its last byte.
            if bytes.first == UInt8(ascii: "@") { field[0] = 0 }
        }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (path.hasPrefix("/") ? 1 : 0))
        let text = Array(state.utf8)
        return withUnsafePointer(to: &address) { pointer in
            // sockaddr_un is a sockaddr with a longer address: the same memory, seen as what sendto takes.
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), $0, length) == text.count
            }
        }
    }
}
