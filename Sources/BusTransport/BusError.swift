import Glibc

/// What went wrong on the way to, from or at the other side of the bus.
public struct BusError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure, for code that decides what to do next.
    public enum Code: Sendable, Equatable {
        /// There is no address, or none that may be dialled.
        case address
        /// Nobody answers at the address.
        case connect
        /// The connection was closed, by the bus or by us.
        case disconnected
        /// A value cannot be put into a message, or has another type than was asked for.
        case invalidValue
        /// Another process owns the name.
        case nameTaken
        /// A system call failed.
        case system
        /// The other side answered with the D-Bus error in ``BusError/name``.
        case remote
    }

    public let code: Code
    /// The D-Bus error name, where `code` is `remote`; else nil.
    public let name: String?
    public let message: String
    /// What the reader can do about it; empty where there is nothing to say.
    public let remedy: String

    public init(_ code: Code, _ message: String, remedy: String = "") {
        self.code = code
        self.name = nil
        self.message = message
        self.remedy = remedy
    }

    /// An error reply.
    public init(remote name: String, _ message: String) {
        self.code = .remote
        self.name = name
        self.message = message
        self.remedy = ""
    }

    static func system(_ what: String, _ number: Int32) -> BusError {
        BusError(.system, "cannot \(what): \(String(cString: strerror(number)))")
    }

    public var description: String {
        let text = name.map { "\($0): \(message)" } ?? message
        return remedy.isEmpty ? text : "\(text); \(remedy)"
    }
}
