import Foundation
import RefineConfig
import Testing

@Suite struct SettingsTests {
    private func with(_ body: (String, [String: String]) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("refine-config-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let environment = [
            "XDG_CONFIG_DIRS": "\(folder.path)/near:\(folder.path)/far", "XDG_CONFIG_HOME": "\(folder.path)/home",
        ]
        try body(folder.path, environment)
    }

    private func write(_ text: String, _ folder: String) throws -> String {
        try FileManager.default.createDirectory(
            atPath: "\(folder)/refine-control", withIntermediateDirectories: true)
        let path = "\(folder)/refine-control/refined.toml"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test func eachLayerGoesOverTheOneBeforeAndIsNamedAsOrigin() throws {
        try with { folder, environment in
            var environment = environment
            func now(_ flags: [String: SettingValue] = [:]) throws -> Settings {
                try Settings.load(environment: environment, flags: flags)
            }
            #expect(try now().integer(.queueLength) == 32 && now().origin(.queueLength) == .builtIn)
            let far = try write("[jobs]\nqueue-length = 2\n", "\(folder)/far")
            #expect(try now().integer(.queueLength) == 2)
            #expect(try now().origin(.queueLength) == .file(path: far, line: 2))
            _ = try write("# mine\n[jobs]\n\nqueue-length = 3\n", "\(folder)/near")
            #expect(try now().integer(.queueLength) == 3)
            let home = try write("jobs.queue-length = 4\n", "\(folder)/home")
            #expect(try now().integer(.queueLength) == 4)
            #expect(try now().origin(.queueLength) == .file(path: home, line: 1))
            environment["REFINE_QUEUE_LENGTH"] = "5"
            #expect(try now().integer(.queueLength) == 5)
            #expect(try now().origin(.queueLength) == .environment("REFINE_QUEUE_LENGTH"))
            #expect(try now(["jobs.queue-length": .integer(6)]).integer(.queueLength) == 6)
            #expect(try now().integer(.resultWait) == 600)
        }
    }

    @Test(arguments: [
        ("[jobs]\nqueue-lenght = 3\n", 2, "jobs.queue-length"), ("[jbos]\nqueue-length = 3\n", 2, "jobs.queue-length"),
        ("queue-length = 3\n", 1, "jobs.queue-length"), ("\n[nothing]\n", 2, "did you mean"),
        ("[jobs]\n\n# x\nqueue-length = \"3\"\n", 4, "from 1 to 64"), ("[jobs]\nqueue-length = 0\n", 2, "from 1 to 64"),
        ("[jobs]\nqueue-length = 3.5\n", 2, "from 1 to 64"), ("[daemon]\nlog-level = \"loud\"\n", 2, "\"warning\""),
        ("[daemon]\nmodel = \"relative\"\n", 2, "absolute path"), ("[jobs]\nqueue-length = \n", 2, "TOML"),
        // Errors go to logs: a text may be a path.
        ("[daemon]\nmodel = \"relative\"\n", 2, "cannot be this text"),
        ("[jobs]\nqueue-length = 0\n", 2, "cannot be 0"),
        ("[jobs]\nqueue-length = 3\nqueue-length = 4\n", 3, "TOML"), ("[jobs\nqueue-length", 1, "TOML"),
    ])
    func whatIsWrongIsToldWithItsLineAndTheRemedy(_ text: String, _ line: Int, _ part: String) throws {
        let error = #expect(throws: SettingsError.self) { _ = try SettingsFile(text: text, path: "refined.toml") }
        #expect(error?.line == line, "\(String(describing: error))")
        #expect(error?.description.contains(part) == true, "\(String(describing: error))")
        #expect(error?.place == "refined.toml" && error?.remedy.isEmpty == false)
    }

    @Test func filesThatCannotBeReadAreErrorsAndMissingOnesAreNot() throws {
        try with { folder, environment in
            let path = try write("", "\(folder)/home")
            #expect(try Settings.load(environment: environment).integer(.queueLength) == 32)
            try Data([0xFF, 0xFE, 0x00]).write(to: URL(fileURLWithPath: path))
            #expect(throws: SettingsError.self) { _ = try Settings.load(environment: environment) }
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            #expect(throws: SettingsError.self) { _ = try Settings.load(environment: environment) }
            var wrong = environment
            wrong["XDG_CONFIG_HOME"] = "\(folder)/none"
            wrong["REFINE_QUEUE_LENGTH"] = "many"
            let error = #expect(throws: SettingsError.self) { _ = try Settings.load(environment: wrong) }
            #expect(error?.detail.contains("REFINE_QUEUE_LENGTH") == true)
        }
    }

    @Test(arguments: [
        ("", "[jobs]\nqueue-length = 9\n"),
        ("# a\n[jobs] # b\n# c\nqueue-length = 3 # d\n\n[daemon]\nlog-level = \"error\"", nil),
        ("jobs.queue-length = 3\n", "jobs.queue-length = 9\n"),
        ("[daemon]\nlog-level = \"error\"\n", "[daemon]\nlog-level = \"error\"\n\n[jobs]\nqueue-length = 9\n"),
        ("[jobs]\nkept-results = 3\n", "[jobs]\nqueue-length = 9\nkept-results = 3\n"),
    ])
    func settingOneKeyLeavesTheRestAsItIs(_ before: String, _ after: String?) throws {
        try with { folder, _ in
            let path =
                before.isEmpty ? "\(folder)/new/refine-control/refined.toml" : try write(before, "\(folder)/home")
            try Settings.write(.queueLength, .integer(9), to: path)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            if let after {
                #expect(text == after)
            } else {
                #expect(text == "# a\n[jobs] # b\n# c\nqueue-length = 9\n\n[daemon]\nlog-level = \"error\"\n")
            }
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test func aWrongFileIsNotWrittenTo() throws {
        try with { folder, _ in
            let path = try write("[jobs]\nqueue-length = \n", "\(folder)/home")
            #expect(throws: SettingsError.self) { try Settings.write(.queueLength, .integer(9), to: path) }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "[jobs]\nqueue-length = \n")
        }
    }

    private static func file(_ name: String) throws -> String {
        let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        return try String(contentsOf: top.standardized.appendingPathComponent(name), encoding: .utf8)
    }

    @Test func theReferenceFileIsWhatIsBuiltIn() throws {
        #expect(try Self.file("config/refined.toml") == Settings.reference)
        // With the comment signs before the keys gone, it is a right file that changes nothing.
        let active = Settings.reference.replacing(/(?m)^# ([a-z-]+ = )/) { "\($0.output.1)" }
        let read = try SettingsFile(text: active, path: "refined.toml")
        #expect(read.entries.count == SettingKey.all.count)
        for key in SettingKey.all { #expect(read.entries[key.name]?.value == key.standard) }
    }

    @Test func theManualHasEverySettingWithItsDefaultAndNoOther() throws {
        let manual = try Self.file("man/refined.toml.5").replacing("\\-", with: "-")
        for key in SettingKey.all {
            let entry =
                ".TP\n.B \(key.key)\n\(key.summary)\nIt is \(key.expectation).\n"
                + "\(key.effect.sentence)\nDefaults to \(key.standard.toml).\nEnvironment: \(key.variable).\n"
            #expect(manual.contains(entry), "refined.toml(5) has not: \(entry)")
        }
        #expect(manual.components(separatedBy: "\nDefaults to ").count - 1 == SettingKey.all.count)
    }
}
