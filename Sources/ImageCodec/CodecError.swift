/// Why an image file could not be read or written: a code, which argument is meant, and what to do about it.
///
/// The text never holds anything from the file but its sizes.
public struct CodecError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of trouble, as a caller acts on it.
    public enum Code: String, Sendable {
        /// The file or mask is not what was asked for; another one would do.
        case invalidArgument
        /// More pixels or bytes than the limits allow.
        case tooLarge
        /// A format, or a variety of one, that cannot be read.
        case unsupportedFormat
        /// The codec itself failed.
        case failed
    }

    public let code: Code
    /// The argument at fault: "image", "mask", "box", or another name that the caller gave its file.
    public let argument: String
    /// What exactly, for programs: "empty-file", "mask-size", ...
    public let reason: String
    /// What exactly, for people, with the remedy.
    public let message: String

    public init(_ code: Code, argument: String, reason: String, message: String) {
        self.code = code
        self.argument = argument
        self.reason = reason
        self.message = message
    }

    public var description: String { message }
}
