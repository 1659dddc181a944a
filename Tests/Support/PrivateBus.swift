import BusTransport
import Foundation

/// A real dbus-daemon of its own, with its own folder; ended by `close()`.
package final class PrivateBus: Sendable {
    package let address: String
    package let folder: URL
    private let processID: Int32

    private init(address: String, folder: URL, processID: Int32) {
        self.address = address
        self.folder = folder
        self.processID = processID
    }

    /// - Parameter extraConfiguration: XML to stand inside `<busconfig>`, such as limits or service folders.
    package static func start(extraConfiguration: String = "") throws -> PrivateBus {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("refine-bus-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let configuration = folder.appendingPathComponent("bus.conf")
        try """
        <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
         "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
        <busconfig>
          <type>session</type>
          <listen>unix:path=\(folder.path)/bus</listen>
          \(extraConfiguration)
          <policy context="default">
            <allow send_destination="*" eavesdrop="true"/>
            <allow eavesdrop="true"/>
            <allow own="*"/>
          </policy>
        </busconfig>
        """.write(to: configuration, atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/dbus-daemon")
        process.arguments = ["--config-file=\(configuration.path)", "--print-address=1", "--nofork"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        // The address is printed when the bus listens.
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        return PrivateBus(
            address: line.trimmingCharacters(in: .whitespacesAndNewlines), folder: folder,
            processID: process.processIdentifier)
    }

    package func connect() async throws -> BusConnection {
        try await BusConnection.open(BusAddress(address))
    }

    /// Ends the bus, as at the end of a session.
    package func kill() {
        Foundation.kill(processID, SIGKILL)
    }

    package func close() {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Runs `body` with a bus that ends with it.
    package static func with<T>(
        extraConfiguration: String = "", _ body: (PrivateBus) async throws -> T
    ) async throws -> T {
        let bus = try start(extraConfiguration: extraConfiguration)
        defer { bus.close() }
        return try await body(bus)
    }
}
