import FoundationEssentials
import Glibc

/// One end of the socket pair between daemon and worker. A frame is one packet: "RFW1", the length of the JSON that
/// follows (4 bytes, little-endian), the JSON; descriptors go beside it.
package struct WorkerChannel {
    /// Bytes of JSON at most: all that is large goes in memfds.
    package static let largestMessage = 64 * 1024
    /// Descriptors at most.
    package static let mostDescriptors = 4
    private static let magic = Array("RFW1".utf8)
    private static let headerSize = 8

    package let socket: Int32

    /// - Parameter socket: SOCK_SEQPACKET; the caller keeps it open.
    package init(socket: Int32) { self.socket = socket }

    /// A connected pair, closed on exec.
    static func pair() throws -> (OwnedDescriptor, OwnedDescriptor) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw WorkerError.system("Making a socket pair", errno)
        }
        return (OwnedDescriptor(ends[0]), OwnedDescriptor(ends[1]))
    }

    /// Sends one message.
    ///
    /// - Parameter descriptors: copied by the kernel; the caller keeps them open until this returns.
    /// - Returns: false when the other end is gone.
    /// - Throws: `WorkerError` when the message is too large or the kernel has no memory.
    package func send(_ message: some Encodable, descriptors: [Int32] = []) throws -> Bool {
        let json = try JSONEncoder().encode(message)
        guard json.count <= Self.largestMessage, descriptors.count <= Self.mostDescriptors else {
            throw WorkerError.protocolViolation("a message that is too large")
        }
        var frame = Self.magic
        withUnsafeBytes(of: UInt32(json.count).littleEndian) { frame.append(contentsOf: $0) }
        frame.append(contentsOf: json)
        return try sendFrame(&frame, descriptors: descriptors)
    }

    /// Waits for one message. The caller makes sure, by poll, that it does not wait too long.
    ///
    /// - Returns: nil when the other end is gone.
    /// - Throws: `WorkerError` for a frame that breaks the rules; its descriptors are closed.
    package func receive<Message: Decodable>(_ type: Message.Type) throws -> (Message, [OwnedDescriptor])? {
        guard let (frame, descriptors) = try receiveFrame() else { return nil }
        guard frame.count >= Self.headerSize, frame.starts(with: Self.magic) else {
            throw WorkerError.protocolViolation("a frame without a header")
        }
        let length = frame[4..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length == frame.count - Self.headerSize,
            let message = try? JSONDecoder().decode(Message.self, from: Data(frame[Self.headerSize...]))
        else { throw WorkerError.protocolViolation("a frame that cannot be read") }
        return (message, descriptors)
    }
}
