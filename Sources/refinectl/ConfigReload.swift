import ArgumentParser
import BusTransport
import RefineBus
import RefineConfig

/// `refinectl config reload`
struct ConfigReload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Make the refined that runs read its settings again.",
        discussion: """
            What is changed and in force now, and what waits for a restart, is told:

              refinectl config reload
              refinectl config reload --json

            Jobs that wait or run go on. Ends with 78 where a file is wrong: then the old settings stay in force. Ends with \
            69 where refined does not run. systemctl --user reload refined does the same.
            """)

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let json = json
        try await Session.with { bus in
            let result = try await ManagerProxy(bus).reload()
            guard !json else {
                return Terminal.print(
                    JSON.object([
                        ("changed", .strings(result.changed)), ("restart_needed", .strings(result.restartNeeded)),
                    ]).text)
            }
            if !result.changed.isEmpty { Terminal.print("in force now: " + result.changed.joined(separator: ", ")) }
            if !result.restartNeeded.isEmpty {
                Terminal.print(
                    "needs a restart: " + result.restartNeeded.joined(separator: ", ")
                        + "\n  systemctl --user restart refined")
            }
            if result.changed.isEmpty, result.restartNeeded.isEmpty { Terminal.print("nothing has changed") }
        }
    }
}
