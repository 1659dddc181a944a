import Foundation
import Synchronization

/// A program of this package, run as users run it.
package struct Program {
    package let executable: URL
    package var environment: [String: String]

    package init(executable: URL, environment: [String: String] = [:]) {
        self.executable = executable
        self.environment = environment
    }

    /// A product of the build that these tests belong to.
    package static func product(_ name: String, bus: PrivateBus?) -> Program {
        let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        var environment = ProcessInfo.processInfo.environment
        for name in [
            "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "WAYLAND_DISPLAY", "NO_COLOR", "NOTIFY_SOCKET",
            "JOURNAL_STREAM",
        ] { environment[name] = nil }
        // Whatever logind and UPower of this machine say, they say it to others.
        environment["DBUS_SYSTEM_BUS_ADDRESS"] = bus?.address ?? "unix:path=/nonexistent"
        environment["DBUS_SESSION_BUS_ADDRESS"] = bus?.address
        // A library of the test's own, which goes with its bus.
        environment["XDG_DATA_HOME"] = bus?.folder.appendingPathComponent("data").path
        return Program(executable: folder.appendingPathComponent(name), environment: environment)
    }

    package struct Outcome: Sendable {
        package let code: Int32
        package let output: String
        package let errors: String
    }

    /// Runs to the end.
    package func run(_ arguments: [String]) async throws -> Outcome {
        try await start(arguments).outcome()
    }

    package func start(_ arguments: [String]) throws -> RunningProgram {
        try RunningProgram(executable, arguments, environment)
    }
}

/// A program that runs, with its output going to files, so that nobody has to read along.
package final class RunningProgram: Sendable {
    package let processID: Int32
    private let outputPath: String
    private let errorPath: String
    private let end: AsyncStream<Int32>

    package init(_ executable: URL, _ arguments: [String], _ environment: [String: String]) throws {
        let base = FileManager.default.temporaryDirectory.appendingPathComponent("refine-run-\(UUID().uuidString)").path
        outputPath = base + ".out"
        errorPath = base + ".err"
        for path in [outputPath, errorPath] { try Data().write(to: URL(fileURLWithPath: path)) }
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: outputPath)
        process.standardError = FileHandle(forWritingAtPath: errorPath)
        let (end, sink) = AsyncStream.makeStream(of: Int32.self)
        self.end = end
        process.terminationHandler = { process in
            sink.yield(process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus)
            sink.finish()
        }
        try process.run()
        processID = process.processIdentifier
    }

    deinit {
        try? FileManager.default.removeItem(atPath: outputPath)
        try? FileManager.default.removeItem(atPath: errorPath)
    }

    package var output: String { Self.text(outputPath) }
    package var errors: String { Self.text(errorPath) }

    package func send(_ signal: Int32) { kill(processID, signal) }

    /// Waits for the end.
    package func outcome() async throws -> Program.Outcome {
        do {
            let code = try await next("the end of a program", of: end)
            return Program.Outcome(code: code, output: output, errors: errors)
        } catch {
            send(SIGKILL)
            throw error
        }
    }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
