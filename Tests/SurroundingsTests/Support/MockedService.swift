import BusTransport
import Foundation
import TestSupport

/// A program of python3-dbusmock on a private bus, by one of its templates or with an object of its own.
struct MockedService {
    let program: RunningProgram
    let client: BusConnection
    let name: String
    let path: String
    let interface: String

    private static let python = URL(fileURLWithPath: "/usr/bin/python3")

    /// - Parameter arguments: of `python3 -m dbusmock`.
    static func with<T>(
        _ arguments: [String], name: String, path: String, interface: String, on bus: PrivateBus,
        _ body: (MockedService) async throws -> T
    ) async throws -> T {
        var environment = ProcessInfo.processInfo.environment
        environment["DBUS_SESSION_BUS_ADDRESS"] = bus.address
        let program = try RunningProgram(python, ["-m", "dbusmock", "--session"] + arguments, environment)
        defer { program.send(SIGKILL) }
        let client = try await bus.connect()
        try await eventually("\(name) on the bus") { try await client.owner(of: name) != nil }
        let service = MockedService(program: program, client: client, name: name, path: path, interface: interface)
        // The name is there before the template is loaded.
        try await eventually("the template of \(name)") {
            (try? await service.call("org.freedesktop.DBus.Mock", "GetCalls")) != nil
        }
        return try await body(service)
    }

    /// UPower, logind and their like.
    static func template<T>(
        _ template: String, name: String, path: String, interface: String, on bus: PrivateBus,
        _ body: (MockedService) async throws -> T
    ) async throws -> T {
        try await with(["--template", template], name: name, path: path, interface: interface, on: bus, body)
    }

    @discardableResult
    func call(_ interface: String, _ member: String, _ body: [BusValue] = [], at path: String? = nil) async throws
        -> [BusValue]
    {
        try await client.call(
            BusCall(to: name, path: path ?? self.path, interface: interface, member: member, body))
    }

    /// Changes properties, with the signal that tells of it.
    func update(_ properties: [String: BusValue], at path: String? = nil, interface: String? = nil) async throws {
        try await call(
            "org.freedesktop.DBus.Mock", "UpdateProperties",
            [.string(interface ?? self.interface), .options(properties)], at: path)
    }

    func emit(_ signal: String, _ signature: String, _ arguments: [BusValue]) async throws {
        try await call(
            "org.freedesktop.DBus.Mock", "EmitSignal",
            [
                .string(interface), .string(signal), .string(signature),
                .array(of: .variant, arguments.map { .variant($0) }),
            ])
    }

    /// Adds a method that answers by Python's `code`.
    func addMethod(_ member: String, _ input: String, _ output: String, _ code: String) async throws {
        try await call(
            "org.freedesktop.DBus.Mock", "AddMethod",
            [.string(interface), .string(member), .string(input), .string(output), .string(code)])
    }
}
