/// Settings that cannot be used: where, what, and what to do.
public struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file, or the name of the environment variable; empty where the user named the setting.
    public let place: String
    /// From 1; nil where it is no matter of a line.
    public let line: Int?
    public let detail: String
    public let remedy: String

    public init(_ detail: String, in place: String = "", line: Int? = nil, remedy: String) {
        self.place = place
        self.line = line
        self.detail = detail
        self.remedy = remedy
    }

    /// `refined.toml:3: there is no setting jobs.queue; did you mean jobs.queue-length?`
    public var description: String { located + "; " + remedy }

    /// Where and what, without the remedy.
    public var located: String {
        (place.isEmpty ? "" : place + (line.map { ":\($0)" } ?? "") + ": ") + detail
    }
}
