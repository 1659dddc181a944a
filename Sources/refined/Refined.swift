import ArgumentParser
@preconcurrency import Glibc
import Logging
import RefineConfig
import RefineDaemon

/// The daemon's command line.
@main
struct Refined: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refined",
        abstract: "Fill holes in photos, over D-Bus, without sending anything anywhere.",
        discussion: """
            Owns org.refinecontrol.Refine1 on the session bus and keeps a model in memory. Usually systemd starts it; \
            to try it by hand:

              refined &
              refinectl status

            Another model:

              refined --model ~/models/my-student
            """,
        version: Daemon.version)

    @Option(
        help: ArgumentHelp("Folder of the model; the one that came with the package where not given.", valueName: "dir")
    )
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Address of the bus; DBUS_SESSION_BUS_ADDRESS where not given. Only unix: addresses are dialled.",
            valueName: "address"))
    var address: String?

    @Flag(name: .shortAndLong, help: "Log more.")
    var verbose = false

    static func main() async {
        // First of all: it starts the program anew.
        ProcessStart.settleThreads()
        await Self.main(nil)
    }

    /// From sysexits.h.
    private static let configurationError: Int32 = 78

    func run() async throws {
        var flags: [String: SettingValue] = [:]
        flags[SettingKey.model.name] = model.map { .string($0) }
        if verbose { flags[SettingKey.logLevel.name] = .string("debug") }
        let source: SettingsSource
        do {
            source = try SettingsSource(flags: flags)
        } catch {
            // Not with what is built in: someone who set something wants it to be in force.
            let line = Array("refined: \(error.withoutFolders)\n".utf8)
            _ = write(STDERR_FILENO, line, line.count)
            throw ExitCode(Self.configurationError)
        }
        var program = DaemonProgram()
        let folder = source.started.text(.model)
        program.modelDirectory = folder.isEmpty ? nil : folder
        program.address = address
        program.settings = LiveSettings(source.started)
        program.readSettings = { try source.read() }
        program.keptGenerations = source.started.integer(.keptGenerations)
        program.tuningSteps = source.started.integer(.tuningSteps)
        // Not exit(), which takes libraries down that the engine's thread may still be using to load a model.
        _exit(await program.run())
    }
}
