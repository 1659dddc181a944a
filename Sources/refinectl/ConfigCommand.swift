import ArgumentParser
import RefineConfig

/// `refinectl config`
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show, change and check the settings of refined.",
        discussion: """
            What is in force, and where each value is from:

              refinectl config show --origin

            One value, and how to change it in your own file:

              refinectl config get jobs.queue-length
              refinectl config set jobs.queue-length 16
              refinectl config reload

            Whether a file is right, before it is put in place:

              refinectl config check refined.toml

            Built in values come first, then the system's files, yours, the environment; each over the one before. \
            Ends with 78 where settings cannot be used.
            """,
        subcommands: [Show.self, Get.self, Set.self, Check.self, ConfigReload.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show all settings that the files and this environment give.",
            discussion: """
                  refinectl config show
                  refinectl config show --origin
                """)

        @Flag(help: "Also show where each value is from.")
        var origin = false

        @Flag(help: "Print one JSON object, with the origins.")
        var json = false

        func run() async throws {
            try reporting {
                let settings = try Settings.load()
                Terminal.print(json ? Self.object(settings).text : words(settings))
            }
        }

        private static func object(_ settings: Settings) -> JSON {
            .object(
                SettingKey.all.map { key in
                    (
                        key.name,
                        .object([
                            ("value", settings.value(key).json), ("default", key.standard.json),
                            ("origin", .string(settings.origin(key).description)),
                        ])
                    )
                })
        }

        private func words(_ settings: Settings) -> String {
            Table(
                SettingKey.all.map { key in
                    [key.name, settings.value(key).toml] + (origin ? [settings.origin(key).description] : [])
                }
            ).text()
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the value of one setting.",
            discussion: """
                  refinectl config get jobs.queue-length
                """)

        @Argument(help: ArgumentHelp("The setting, as in refined.toml(5).", valueName: "key"), completion: .settings)
        var key: String

        @Flag(help: "Print it as JSON.")
        var json = false

        func run() async throws {
            try reporting {
                let key = try SettingKey.named(key)
                let value = try Settings.load().value(key)
                Terminal.print(json ? value.json.text : value.text)
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change one setting in your own file.",
            discussion: """
                  refinectl config set jobs.result-wait 1800
                  refinectl config reload

                Everything else in the file, comments included, stays as it is. A refined that runs takes the value up \
                with a reload, or where refined.toml(5) says so with a restart.
                """)

        @Argument(help: ArgumentHelp("The setting, as in refined.toml(5).", valueName: "key"), completion: .settings)
        var key: String

        @Argument(help: ArgumentHelp("Its new value.", valueName: "value"))
        var value: String

        func run() async throws {
            try reporting {
                let key = try SettingKey.named(key)
                guard let value = key.value(from: value) else {
                    throw SettingsError("\(key.name) cannot be \(value)", remedy: "give \(key.expectation)")
                }
                guard let path = Settings.userPath() else {
                    throw SettingsError("there is no place for your settings", remedy: "set HOME or XDG_CONFIG_HOME")
                }
                try Settings.write(key, value, to: path)
                let settings = try Settings.load()
                if settings.value(key) != value {
                    Terminal.say("refinectl: warning: \(settings.origin(key)) is over it and says otherwise")
                }
                let next =
                    switch key.effect {
                    case .onReload: "refinectl config reload"
                    case .onRestart: "systemctl --user restart refined"
                    }
                Terminal.confirm("\(path): set; for a refined that runs: \(next)")
            }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell whether a file, or all that refined reads, can be used.",
            discussion: """
                  refinectl config check
                  refinectl config check refined.toml
                """)

        @Argument(
            help: ArgumentHelp("A file; where not given, all files and the environment.", valueName: "file"),
            completion: .file(extensions: ["toml"]))
        var file: String?

        func run() async throws {
            try reporting {
                guard let file else {
                    _ = try Settings.load()
                    return Terminal.confirm("the settings can be used; see: refinectl config show --origin")
                }
                guard try SettingsFile(path: file) != nil else {
                    throw Failure(Failure.Code.noInput, "there is no file \(file)", hint: "check its name")
                }
                Terminal.confirm("\(file) can be used")
            }
        }
    }
}

/// Runs `body` and tells its errors in the manner of this program.
func reporting(_ body: () throws -> Void) throws {
    do {
        try body()
    } catch let error as SettingsError {
        let code = error.place.isEmpty ? Failure.Code.usage : Failure.Code.configuration
        throw Failure(code, error.located, hint: error.remedy).report()
    } catch {
        throw Failure(error).report()
    }
}

extension CompletionKind {
    /// The names of all settings.
    static var settings: CompletionKind { .list(SettingKey.all.map(\.name)) }
}

extension SettingValue {
    fileprivate var json: JSON {
        switch self {
        case .string(let text): .string(text)
        case .integer(let value): .integer(UInt64(value))
        case .flag(let value): .bool(value)
        }
    }
}
