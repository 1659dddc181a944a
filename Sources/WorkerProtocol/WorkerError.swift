/// Why a worker's job failed: a code that is the name of a D-Bus error, the argument at fault, and the remedy.
///
/// ```swift
/// catch let error as WorkerError {
///     reply("org.refinecontrol.Refine1.Error.\(error.code.rawValue)", error.message)
/// }
/// ```
public struct WorkerError: Error, Codable, Equatable, Sendable, CustomStringConvertible {
    /// The last part of the D-Bus error's name.
    public enum Code: String, Codable, Sendable {
        case failed = "Failed"
        case invalidArgument = "InvalidArgument"
        case tooLarge = "TooLarge"
        case unsupportedFormat = "UnsupportedFormat"
        case cancelled = "Cancelled"
    }

    public let code: Code
    /// "image", "mask", "box", or "worker" when no argument is at fault.
    public let argument: String
    /// For programs: "empty-file", "not-an-image", "damaged", "mask-size", "mask-empty", "mask-covers-everything",
    /// "too-many-pixels", "deadline", "worker-died", ...
    public let reason: String
    /// For people: what, and the remedy. Never anything from inside a photo but its size.
    public let message: String

    public init(_ code: Code, argument: String, reason: String, message: String) {
        self.code = code
        self.argument = argument
        self.reason = reason
        self.message = message
    }

    public var description: String { message }

    static func system(_ what: StaticString, _ error: Int32) -> WorkerError {
        WorkerError(
            .failed, argument: "worker", reason: "system",
            message: "\(what) failed (error \(error)). Free some memory or descriptors and try again.")
    }

    static func protocolViolation(_ what: StaticString) -> WorkerError {
        WorkerError(
            .failed, argument: "worker", reason: "protocol",
            message: "The daemon and refine-worker do not understand each other (\(what)). Install both anew.")
    }
}
