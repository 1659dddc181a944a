import Personalization

/// A value of a setting.
public enum SettingValue: Sendable, Equatable {
    case string(String)
    case integer(Int)
    case flag(Bool)

    /// As it is written in TOML.
    public var toml: String {
        switch self {
        case .integer(let value): String(value)
        case .flag(let value): String(value)
        case .string(let text):
            "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
    }

    /// As it is shown to people and read from the environment.
    public var text: String {
        switch self {
        case .integer(let value): String(value)
        case .flag(let value): String(value)
        case .string(let text): text
        }
    }
}

/// One key of refined.toml, described once: the reference file, the checks, the environment's names and `refinectl
/// config` all come from ``all``, so that they cannot disagree.
public struct SettingKey: Sendable {
    public enum Kind: Sendable, Equatable {
        case integer(ClosedRange<Int>)
        case choice([String])
        case flag
        /// As `CalendarWindow.list` reads them.
        case windows
        /// An absolute path, or nothing.
        case path
    }

    /// Table and key, such as `jobs.queue-length`.
    /// When a changed value takes effect.
    public enum Effect: Sendable, Equatable {
        /// As soon as refined reads its settings again.
        case onReload
        /// When refined starts the next time.
        case onRestart

        /// In words, as a sentence.
        public var sentence: String {
            switch self {
            case .onReload: "Takes effect with a reload."
            case .onRestart: "Takes effect with a restart."
            }
        }
    }

    public let name: String
    public let kind: Kind
    public var effect = Effect.onReload
    public let standard: SettingValue
    /// One or two sentences, with the unit.
    public let summary: String

    public var table: String { String(name.prefix { $0 != "." }) }
    public var key: String { String(name.drop { $0 != "." }.dropFirst()) }
    /// `jobs.queue-length` is `REFINE_QUEUE_LENGTH`, `tuning.enabled` is `REFINE_TUNING_ENABLED`.
    public var variable: String {
        let name = table == "tuning" ? "\(table)_\(key)" : key
        return "REFINE_" + name.uppercased().replacing("-", with: "_")
    }

    /// What values are right, in words.
    public var expectation: String {
        switch kind {
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .choice(let names): "one of " + names.map { "\"\($0)\"" }.joined(separator: ", ")
        case .flag: "true or false"
        case .windows: "windows of time in quotes, such as \"Mon..Fri 22:00-06:00; Sat,Sun\", or \"always\""
        case .path: "an absolute path in quotes, or \"\""
        }
    }

    /// Reads a value as it stands in the environment or on the command line; nil where it is wrong.
    public func value(from text: String) -> SettingValue? {
        switch kind {
        case .integer: Int(text).flatMap { accepted(.integer($0)) }
        case .flag: Bool(text).map { .flag($0) }
        case .choice, .path, .windows: accepted(.string(text))
        }
    }

    /// `value` where it is of the right type and in range.
    public func accepted(_ value: SettingValue) -> SettingValue? {
        switch (kind, value) {
        case (.integer(let range), .integer(let number)): range.contains(number) ? value : nil
        case (.choice(let names), .string(let text)): names.contains(text) ? value : nil
        case (.flag, .flag): value
        case (.windows, .string(let text)): (try? CalendarWindow.list(text)) == nil ? nil : value
        case (.path, .string(let text)):
            (text.isEmpty || text.hasPrefix("/")) && !text.unicodeScalars.contains { $0.value < 0x20 } ? value : nil
        default: nil
        }
    }

    public static let model = SettingKey(
        name: "daemon.model", kind: .path, effect: .onRestart, standard: .string(""),
        summary: "Folder of the model; the package's default-student where empty. compact-student beside it is faster.")
    public static let logLevel = SettingKey(
        name: "daemon.log-level", kind: .choice(["debug", "info", "warning", "error"]), standard: .string("info"),
        summary: "How much goes to the log. No level logs photos, prompts or paths.")
    public static let queueLength = SettingKey(
        name: "jobs.queue-length", kind: .integer(1...64), standard: .integer(32),
        summary: "Jobs that wait or run at most, of one caller 8; more are answered with Busy.")
    public static let resultWait = SettingKey(
        name: "jobs.result-wait", kind: .integer(10...86_400), standard: .integer(600),
        summary: "Seconds for which a result waits to be fetched.")
    public static let keptResults = SettingKey(
        name: "jobs.kept-results", kind: .integer(1...256), standard: .integer(16),
        summary: "Results that wait at most; the oldest goes first.")
    public static let keptMegabytes = SettingKey(
        name: "jobs.kept-megabytes", kind: .integer(16...16_384), standard: .integer(256),
        summary: "Memory that waiting results take at most, in MB of 1,048,576 bytes.")

    public static let all = [model, logLevel, queueLength, resultWait, keptResults, keptMegabytes] + tuning

    /// The key of this name.
    ///
    /// - Throws: `SettingsError` that names the nearest key.
    public static func named(_ name: String) throws(SettingsError) -> SettingKey {
        guard let key = all.first(where: { $0.name == name }) else {
            throw SettingsError("there is no setting \(name)", remedy: "did you mean \(nearest(to: name))?")
        }
        return key
    }

    /// The key whose name takes the fewest changes.
    static func nearest(to name: String) -> String {
        // With and without the table: `queue-lenght` alone should find its key as well.
        let scored = all.map { ($0.name, min(distance(name, $0.name), distance(name, $0.key) + 1)) }
        return scored.min { $0.1 < $1.1 }?.0 ?? all[0].name
    }

    /// Levenshtein's distance.
    private static func distance(_ a: String, _ b: String) -> Int {
        let a = Array(a.unicodeScalars.prefix(100)), b = Array(b.unicodeScalars)
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let changed = diagonal + (x == y ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(changed, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
