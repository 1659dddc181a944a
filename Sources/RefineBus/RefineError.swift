import BusTransport

/// An error of the daemon, as it travels: the code is the D-Bus error name, the message says what, where and the remedy.
///
/// The message has the form `subject.reason: detail; remedy`, for example
/// `mask.size: the mask is 10x10 and the photo 20x20; make the mask as large as the photo`. Subject and reason are codes
/// for programs, the rest is for people. It never holds a path, a prompt or content of a photo.
public struct RefineError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        case failed = "Failed"
        case invalidArgument = "InvalidArgument"
        case notFound = "NotFound"
        case notAllowed = "NotAllowed"
        case cancelled = "Cancelled"
        case busy = "Busy"
        case tooLarge = "TooLarge"
        case unsupportedFormat = "UnsupportedFormat"
        case noModel = "NoModel"
    }

    public let code: Code
    /// The argument or option at fault (`image`, `mask`, `steps`), or the part that failed (`model`, `worker`).
    public let subject: String
    /// A short code in lower case, such as `wrong-type`.
    public let reason: String
    public let detail: String
    /// What the caller can do about it; empty where there is nothing to do.
    public let remedy: String

    public init(_ code: Code, _ subject: String, _ reason: String, _ detail: String, remedy: String = "") {
        self.code = code
        self.subject = subject
        self.reason = reason
        // The separator of the message's form belongs to the form alone.
        self.detail = detail.replacing("; ", with: ", ")
        self.remedy = remedy
    }

    /// The D-Bus error name.
    public var name: String { RefineNames.errorPrefix + code.rawValue }

    /// The D-Bus error message.
    public var message: String {
        "\(subject).\(reason): \(detail)" + (remedy.isEmpty ? "" : "; \(remedy)")
    }

    public var description: String { "\(code.rawValue): \(message)" }

    /// Reads an error reply of the daemon; nil where `error` is another one.
    public init?(_ error: BusError) {
        guard let name = error.name else { return nil }
        self.init(name: name, message: error.message)
    }

    /// Reads the two strings of an error reply; nil where `name` is not one of ours.
    public init?(name: String, message: String) {
        guard name.hasPrefix(RefineNames.errorPrefix),
            let code = Code(rawValue: String(name.dropFirst(RefineNames.errorPrefix.count)))
        else { return nil }
        let (head, text) = Self.split(message, at: ": ") ?? ("", message)
        let (subject, reason) = Self.split(head, at: ".") ?? (head, "")
        let (detail, remedy) = Self.split(text, at: "; ") ?? (text, "")
        self.init(code, subject, reason, detail, remedy: remedy)
    }

    private static func split(_ text: String, at separator: String) -> (String, String)? {
        guard let range = text.firstRange(of: separator) else { return nil }
        return (String(text[..<range.lowerBound]), String(text[range.upperBound...]))
    }
}
