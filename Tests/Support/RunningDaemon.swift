import Foundation

/// refined as a process on a bus, and refinectl that talks to it.
package struct RunningDaemon: Sendable {
    package let process: RunningProgram
    package let refinectl: Program
    package let bus: PrivateBus

    /// Starts refined, runs `body` when it answers, and ends it.
    ///
    /// - Parameters:
    ///   - arguments: of refined.
    ///   - bus: where it gets its name.
    ///   - program: makes the programs `refined` and `refinectl`; those of this build where not given.
    package static func with<T>(
        _ arguments: [String], on bus: PrivateBus, program: (String) -> Program? = { _ in nil },
        _ body: (RunningDaemon) async throws -> T
    ) async throws -> T {
        let refinectl = program("refinectl") ?? .product("refinectl", bus: bus)
        let process = try (program("refined") ?? .product("refined", bus: bus)).start(arguments)
        defer { process.send(SIGKILL) }
        try await eventually("the daemon on the bus") { try await refinectl.run(["status"]).code == 0 }
        return try await body(RunningDaemon(process: process, refinectl: refinectl, bus: bus))
    }

    /// Starts refined on a bus of its own, with a model that is made for it in the folder of the bus.
    ///
    /// - Parameter model: writes the model into a folder.
    package static func with<T>(
        model: (String) throws -> Void, _ body: (RunningDaemon) async throws -> T
    ) async throws -> T {
        try await PrivateBus.with { bus in
            let folder = bus.folder.appendingPathComponent("model").path
            try model(folder)
            return try await with(["--model", folder], on: bus, body)
        }
    }
}
