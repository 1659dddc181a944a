import Foundation

/// Where models are looked for.
public enum ModelLocation {
    /// The folder of the default student, or nil when it is not installed.
    ///
    /// In this order: `$REFINE_MODEL`; the user's own under `$XDG_DATA_HOME`; the installed one beside the programs'
    /// prefix; the one that a build leaves beside its programs.
    public static func defaultDirectory(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        executable: String = executablePath()
    ) -> String? {
        if let chosen = environment["REFINE_MODEL"], !chosen.isEmpty { return chosen }
        let data =
            environment["XDG_DATA_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
            ?? environment["HOME"].map { "\($0)/.local/share" }
        let folder = (executable as NSString).deletingLastPathComponent
        let prefix = (folder as NSString).deletingLastPathComponent
        var candidates = [
            "\(prefix)/share/refine-control/models/default-student",
            "\(folder)/refine-control_Diffusion.resources/default-student",
        ]
        if let data { candidates.insert("\(data)/refine-control/models/default-student", at: 0) }
        return candidates.first { FileManager.default.fileExists(atPath: "\($0)/model_index.json") }
    }

    /// The path of the running program.
    public static func executablePath() -> String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }
}
