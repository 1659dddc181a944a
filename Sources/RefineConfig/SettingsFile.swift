import FoundationEssentials
import TOMLKit

/// One refined.toml: its text and the settings in it.
public struct SettingsFile: Sendable {
    public struct Entry: Sendable, Equatable {
        public let value: SettingValue
        /// From 1; nil where the line could not be told.
        public let line: Int?
    }

    public let path: String
    public let text: String
    /// By full name.
    public let entries: [String: Entry]

    /// A file larger than this is not one of settings.
    static let largest = 1 << 20

    /// Reads and checks a file; nil where there is none.
    ///
    /// - Throws: `SettingsError` with the line of the first thing that is wrong.
    public init?(path: String) throws(SettingsError) {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw SettingsError("the file cannot be read", in: path, remedy: "check its permissions, or remove it")
        }
        // Zeros are what a file has that a power cut kept from being written.
        guard data.count <= Self.largest, !data.contains(0), let text = String(data: data, encoding: .utf8) else {
            throw SettingsError(
                "the file is not text in UTF-8, without zero bytes, of at most 1 MB", in: path,
                remedy: "write it anew, or remove it")
        }
        try self.init(text: text, path: path)
    }

    /// Checks a text as if it stood in a file.
    public init(text: String, path: String) throws(SettingsError) {
        self.path = path
        self.text = text
        let root: TOMLTable
        do {
            root = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw SettingsError(
                "this is not TOML: \(error.description)", in: path, line: Int(error.source.begin.line),
                remedy: "correct the line, or see refined.toml(5)")
        } catch {
            throw SettingsError("this is not TOML", in: path, remedy: "see refined.toml(5)")
        }
        let lines = SettingsText(text)
        var entries: [String: Entry] = [:]
        for (table, content) in root {
            guard let content = content.table else {
                throw Self.unknown(table, in: path, line: lines.line(of: table))
            }
            for (name, value) in content {
                let full = "\(table).\(name)"
                let line = lines.line(of: full)
                guard let key = SettingKey.all.first(where: { $0.name == full }) else {
                    throw Self.unknown(full, in: path, line: line)
                }
                let read: SettingValue? =
                    value.bool.map { .flag($0) } ?? value.int.map { .integer($0) } ?? value.string.map { .string($0) }
                guard let accepted = read.flatMap({ key.accepted($0) }) else {
                    throw SettingsError(
                        "\(full) cannot be \(Self.shown(read))", in: path, line: line,
                        remedy: "give \(key.expectation)")
                }
                entries[full] = Entry(value: accepted, line: line)
            }
            if content.isEmpty, !SettingKey.all.contains(where: { $0.table == table }) {
                throw Self.unknown(table, in: path, line: lines.line(of: table))
            }
        }
        self.entries = entries
    }

    /// A value for a message. Not a text, which may be a path: messages go to logs.
    private static func shown(_ value: SettingValue?) -> String {
        switch value {
        case .integer, .flag: value?.toml ?? ""
        case .string: "this text"
        case nil: "a value of this kind"
        }
    }

    private static func unknown(_ name: String, in path: String, line: Int?) -> SettingsError {
        SettingsError(
            "there is no setting \(name)", in: path, line: line,
            remedy: "did you mean \(SettingKey.nearest(to: name))?")
    }
}
