/// The lines of a TOML text, to find settings in it and to change one while everything else, comments included, stays.
struct SettingsText {
    private(set) var lines: [String]

    init(_ text: String) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
    }

    var text: String { lines.map { $0 + "\n" }.joined() }

    /// The line, from 1, on which a setting or a table stands.
    func line(of name: String) -> Int? { index(of: name).map { $0 + 1 } }

    private func index(of name: String) -> Int? {
        var table = ""
        for (index, line) in lines.enumerated() {
            if let header = Self.header(line) {
                table = header
                if header == name { return index }
            } else if let key = Self.key(line), (table.isEmpty ? key : "\(table).\(key)") == name {
                return index
            }
        }
        return nil
    }

    /// Sets `key` to `value`: in the place of its line, else below its table's header, else in a new table at the end.
    mutating func set(_ key: SettingKey, _ value: SettingValue) {
        let line = "\(key.key) = \(value.toml)"
        if let index = index(of: key.name) {
            let isDotted = Self.key(lines[index]) == key.name
            lines[index] = isDotted ? "\(key.name) = \(value.toml)" : line
        } else if let header = lines.firstIndex(where: { Self.header($0) == key.table }) {
            lines.insert(line, at: header + 1)
        } else {
            if let last = lines.last, !last.isEmpty { lines.append("") }
            lines += ["[\(key.table)]", line]
        }
    }

    /// `[ table ] # comment`
    private static func header(_ line: String) -> String? {
        let bare = trimmed(line.prefix { $0 != "#" })
        guard bare.hasPrefix("["), bare.hasSuffix("]"), !bare.hasPrefix("[[") else { return nil }
        return trimmed(bare.dropFirst().dropLast())
    }

    /// The key before `=`, quotes and blanks around dots taken away.
    private static func key(_ line: String) -> String? {
        guard let equals = line.firstIndex(of: "=") else { return nil }
        let name = line[..<equals]
        guard !name.contains("#") else { return nil }
        return name.split(separator: ".").map { trimmed($0).filter { $0 != "\"" && $0 != "'" } }.joined(separator: ".")
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var rest = text[...]
        while rest.first?.isWhitespace == true { rest = rest.dropFirst() }
        while rest.last?.isWhitespace == true { rest = rest.dropLast() }
        return String(rest)
    }
}
