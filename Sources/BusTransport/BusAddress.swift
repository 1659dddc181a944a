import CDBus
import Glibc

/// Where the bus is. Only local sockets are ever dialled: photos do not leave the machine, not even by a strange
/// `DBUS_SESSION_BUS_ADDRESS`.
public struct BusAddress: Sendable, Equatable, CustomStringConvertible {
    /// One or more `unix:` addresses, to be tried in order.
    public let rawValue: String

    public var description: String { rawValue }

    /// Takes the local entries of a server address.
    ///
    /// - Throws: `BusError` with code `address` where `text` is no address or has no `unix:` entry.
    public init(_ text: String) throws {
        for entry in text.split(separator: ";") where !Self.isWellFormed(String(entry)) {
            throw BusError(
                .address, "'\(entry)' is not a bus address", remedy: "use unix:path=... as dbus-daemon prints it")
        }
        let local = text.split(separator: ";").filter { $0.hasPrefix("unix:") }
        guard !local.isEmpty else {
            throw BusError(
                .address, "refusing the bus address '\(text)': only unix: sockets are dialled",
                remedy: "point DBUS_SESSION_BUS_ADDRESS at a unix: address")
        }
        rawValue = local.joined(separator: ";")
    }

    /// The user's session bus: `DBUS_SESSION_BUS_ADDRESS`, or the socket at its usual place.
    ///
    /// - Throws: `BusError` with code `address` where there is neither.
    public static func session() throws -> BusAddress {
        if let text = getenv("DBUS_SESSION_BUS_ADDRESS").map({ String(cString: $0) }), !text.isEmpty {
            return try BusAddress(text)
        }
        if let folder = getenv("XDG_RUNTIME_DIR").map({ String(cString: $0) }), access(folder + "/bus", F_OK) == 0 {
            guard let escaped = dbus_address_escape_value(folder + "/bus") else {
                throw BusError(.system, "out of memory")
            }
            defer { dbus_free(escaped) }
            return try BusAddress("unix:path=" + String(cString: escaped))
        }
        throw BusError(
            .address, "there is no session bus: DBUS_SESSION_BUS_ADDRESS is not set",
            remedy: "run inside a desktop session or under dbus-run-session")
    }

    /// The system's bus: `DBUS_SYSTEM_BUS_ADDRESS`, or the socket at its usual place.
    ///
    /// - Throws: `BusError` with code `address` for an address that may not be dialled.
    public static func system() throws -> BusAddress {
        let text = getenv("DBUS_SYSTEM_BUS_ADDRESS").map { String(cString: $0) } ?? ""
        return try BusAddress(text.isEmpty ? "unix:path=/run/dbus/system_bus_socket" : text)
    }

    private static func isWellFormed(_ entry: String) -> Bool {
        var entries: UnsafeMutablePointer<OpaquePointer?>?
        var count: Int32 = 0
        guard dbus_parse_address(entry, &entries, &count, nil) != 0 else { return false }
        dbus_address_entries_free(entries)
        return count > 0
    }
}
