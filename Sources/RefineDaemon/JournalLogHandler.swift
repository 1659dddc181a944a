import Glibc
import Logging
import Synchronization

/// From which level on lines are written. All handlers of a process share one, so that a reload reaches them all.
public final class LogThreshold: Sendable {
    private let state: Mutex<Logger.Level>

    public init(_ level: Logger.Level) { state = Mutex(level) }

    public var level: Logger.Level {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

/// Writes log lines to standard error: with the priority prefixes of the journal when that is where standard error
/// goes, else with the level in words.
public struct JournalLogHandler: LogHandler {
    /// The shared one, until this handler is given a level of its own.
    public var logLevel: Logger.Level {
        get { ownLevel ?? threshold.level }
        set { ownLevel = newValue }
    }
    private var ownLevel: Logger.Level?
    private let threshold: LogThreshold
    public var metadata: Logger.Metadata = [:]
    private let isJournal: Bool

    public init(threshold: LogThreshold, isJournal: Bool = Self.isStandardErrorJournal()) {
        self.threshold = threshold
        self.isJournal = isJournal
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Whether `JOURNAL_STREAM` names the device and inode of standard error, as systemd.exec(5) says to check.
    public static func isStandardErrorJournal() -> Bool {
        guard let value = getenv("JOURNAL_STREAM").map({ String(cString: $0) }) else { return false }
        var status = stat()
        guard fstat(STDERR_FILENO, &status) == 0 else { return false }
        return value == "\(status.st_dev):\(status.st_ino)"
    }

    public func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let fields = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let text = "\(event.message)\(fields)".replacing("\n", with: " ")
        let prefix = isJournal ? "<\(Self.priority(event.level))>" : "refined: \(event.level): "
        let line = Array((prefix + text + "\n").utf8)
        // One write, so that lines of several threads do not mix. Nobody can be told that the log cannot be written.
        _ = write(STDERR_FILENO, line, line.count)
    }

    /// The levels of syslog(3).
    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
