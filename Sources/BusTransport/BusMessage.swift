import CDBus

/// A received message, copied out of libdbus, so that it can go to any thread.
public struct BusMessage: Sendable {
    public enum Kind: Sendable, Equatable { case methodCall, methodReturn, error, signal }

    public let kind: Kind
    /// The unique name of the sender, set by the bus and so not forged; nil in a message from the connection itself.
    public let sender: String?
    public let destination: String?
    public let path: String
    public let interface: String
    public let member: String
    public let errorName: String?
    public let serial: UInt32
    public let signature: String
    public let expectsReply: Bool
    public let body: [BusValue]

    /// Copies `message`.
    ///
    /// - Parameter valueLimit: The most values that its arguments may hold.
    /// - Throws: `BusError` where an argument cannot be read, for example without free file descriptors.
    init(_ message: OpaquePointer, valueLimit: Int = .max) throws {
        kind =
            switch dbus_message_get_type(message) {
            case CDBUS_MESSAGE_METHOD_CALL: .methodCall
            case CDBUS_MESSAGE_METHOD_RETURN: .methodReturn
            case CDBUS_MESSAGE_ERROR: .error
            default: .signal
            }
        sender = Self.text(dbus_message_get_sender(message))
        destination = Self.text(dbus_message_get_destination(message))
        path = Self.text(dbus_message_get_path(message)) ?? ""
        interface = Self.text(dbus_message_get_interface(message)) ?? ""
        member = Self.text(dbus_message_get_member(message)) ?? ""
        errorName = Self.text(dbus_message_get_error_name(message))
        serial = dbus_message_get_serial(message)
        signature = Self.text(dbus_message_get_signature(message)) ?? ""
        expectsReply = dbus_message_get_no_reply(message) == 0
        body = try MessageReader.values(of: message, limit: valueLimit)
    }

    private static func text(_ start: UnsafePointer<CChar>?) -> String? {
        start.map { String(cString: $0) }
    }

    /// The error that an error reply carries.
    var asError: BusError {
        let message = body.first?.content(as: String.self) ?? ""
        return BusError(remote: errorName ?? BusErrorName.failed, message)
    }
}

/// The error names of the D-Bus specification and of the reference bus that this project answers or reads.
public enum BusErrorName {
    public static let failed = "org.freedesktop.DBus.Error.Failed"
    public static let invalidArguments = "org.freedesktop.DBus.Error.InvalidArgs"
    public static let unknownMethod = "org.freedesktop.DBus.Error.UnknownMethod"
    public static let unknownObject = "org.freedesktop.DBus.Error.UnknownObject"
    public static let unknownInterface = "org.freedesktop.DBus.Error.UnknownInterface"
    public static let unknownProperty = "org.freedesktop.DBus.Error.UnknownProperty"
    public static let propertyReadOnly = "org.freedesktop.DBus.Error.PropertyReadOnly"
    public static let serviceUnknown = "org.freedesktop.DBus.Error.ServiceUnknown"
    public static let nameHasNoOwner = "org.freedesktop.DBus.Error.NameHasNoOwner"
    public static let noReply = "org.freedesktop.DBus.Error.NoReply"
    public static let disconnected = "org.freedesktop.DBus.Error.Disconnected"
    public static let limitsExceeded = "org.freedesktop.DBus.Error.LimitsExceeded"
    /// Every activation failure starts with this.
    public static let spawnPrefix = "org.freedesktop.DBus.Error.Spawn"
}
