import FoundationEssentials

/// All settings with their origins: built in, then the system's files, the user's, the environment, and flags, each over
/// the one before.
///
/// ```swift
/// let settings = try Settings.load(flags: ["daemon.model": .string("/models/mine")])
/// let length = settings.integer(.queueLength)
/// ```
public struct Settings: Sendable {
    public enum Origin: Sendable, Equatable, CustomStringConvertible {
        case builtIn
        case file(path: String, line: Int?)
        case environment(String)
        case flag

        public var description: String {
            switch self {
            case .builtIn: "built in"
            case .file(let path, let line): path + (line.map { ":\($0)" } ?? "")
            case .environment(let name): "$\(name)"
            case .flag: "command line"
            }
        }
    }

    private var values: [String: (value: SettingValue, origin: Origin)]

    /// - Parameters:
    ///   - environment: Says where the files are, and sets some keys.
    ///   - flags: By full name; checked already.
    /// - Throws: `SettingsError` for the first file or variable that cannot be used.
    public static func load(
        environment: [String: String] = ProcessInfo.processInfo.environment, flags: [String: SettingValue] = [:]
    ) throws(SettingsError) -> Settings {
        var settings = Settings(
            values: Dictionary(uniqueKeysWithValues: SettingKey.all.map { ($0.name, ($0.standard, .builtIn)) }))
        for path in paths(environment) {
            guard let file = try SettingsFile(path: path) else { continue }
            for (name, entry) in file.entries {
                settings.values[name] = (entry.value, .file(path: path, line: entry.line))
            }
        }
        for key in SettingKey.all {
            guard let text = environment[key.variable], !text.isEmpty else { continue }
            guard let value = key.value(from: text) else {
                throw SettingsError(
                    "\(key.variable) is not right", in: "environment", remedy: "give \(key.expectation)")
            }
            settings.values[key.name] = (value, .environment(key.variable))
        }
        for (name, value) in flags { settings.values[name] = (value, .flag) }
        return settings
    }

    /// The keys whose values are not those of `other`.
    public func differences(from other: Settings) -> [SettingKey] {
        SettingKey.all.filter { value($0) != other.value($0) }
    }

    public func value(_ key: SettingKey) -> SettingValue { values[key.name]?.value ?? key.standard }
    public func origin(_ key: SettingKey) -> Origin { values[key.name]?.origin ?? .builtIn }

    /// The value of a key of whole numbers.
    public func integer(_ key: SettingKey) -> Int {
        guard case .integer(let number) = value(key) else { preconditionFailure("\(key.name) is not a number") }
        return number
    }

    /// The value of a key that is true or false.
    public func flag(_ key: SettingKey) -> Bool {
        guard case .flag(let value) = value(key) else { preconditionFailure("\(key.name) is not true or false") }
        return value
    }

    /// The value of any key as text.
    public func text(_ key: SettingKey) -> String { value(key).text }

    /// The files that are read, the least first: those of `$XDG_CONFIG_DIRS`, then the user's.
    public static func paths(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> [String] {
        let folders = environment["XDG_CONFIG_DIRS"].flatMap { $0.isEmpty ? nil : $0 } ?? "/etc/xdg"
        let system = folders.split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }.reversed()
        return (system + [userFolder(environment)].compactMap { $0 }).map { "\($0)/refine-control/refined.toml" }
    }

    /// The user's own file; nil where neither `$XDG_CONFIG_HOME` nor `$HOME` is set.
    public static func userPath(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> String? {
        userFolder(environment).map { "\($0)/refine-control/refined.toml" }
    }

    private static func userFolder(_ environment: [String: String]) -> String? {
        if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") { return folder }
        return environment["HOME"].map { "\($0)/.config" }
    }

    /// Writes one setting into the user's file, in which all else stays as it is. The file is replaced as a whole.
    ///
    /// - Throws: `SettingsError` where the file is wrong already or cannot be written.
    public static func write(_ key: SettingKey, _ value: SettingValue, to path: String) throws(SettingsError) {
        var text = SettingsText(try SettingsFile(path: path)?.text ?? "")
        text.set(key, value)
        // What is written must be what was meant, whatever the file looked like.
        guard try SettingsFile(text: text.text, path: path).entries[key.name]?.value == value else {
            throw SettingsError(
                "\(key.name) could not be set in this file", in: path, remedy: "set it by hand, see refined.toml(5)")
        }
        do {
            let target = URL(fileURLWithPath: path).resolvingSymlinksInPath()
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(), withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            try Data(text.text.utf8).write(to: target, options: .atomic)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: target.path)
        } catch {
            throw SettingsError(
                "the file cannot be written", in: path, remedy: "check the permissions and the space left")
        }
    }

    /// config/refined.toml: every key with its default, as comments.
    public static var reference: String {
        var text = """
            # Settings of refined: what is built in, as comments. The user's own go to
            # $XDG_CONFIG_HOME/refine-control/refined.toml; `refinectl config set KEY VALUE` writes there, `refinectl config
            # show --origin` tells which file a value is from. Read when refined starts, and again by `refinectl config reload`. See
            # refined.toml(5).

            """
        var table = ""
        for key in SettingKey.all {
            if key.table != table { text += "\n[\(key.table)]\n" } else { text += "\n" }
            table = key.table
            text +=
                "# \(key.summary)\n# It is \(key.expectation). \(key.effect.sentence) Environment: \(key.variable).\n"
            text += "# \(key.key) = \(key.standard.toml)\n"
        }
        return text
    }
}
