import CDBus
import Synchronization

extension BusConnection {
    /// Hands every method call at and below `path` to `handler`.
    ///
    /// The handler runs on the connection's queue, in the order of arrival; it must not block, and answers now or later
    /// through the call.
    ///
    /// - Throws: `BusError` with code `invalidValue` where the path is no path.
    public func serve(below path: String, _ handler: @escaping @Sendable (IncomingCall) -> Void) async throws {
        try await tryOnQueue { bus in
            guard dbus_validate_path(path, nil) != 0 else {
                throw BusError(.invalidValue, "'\(path)' is not an object path")
            }
            guard bus.driver.isOpen else { throw Self.closedError }
            // Weak: the driver belongs to this connection, which must still be able to end.
            bus.driver.onMethodCall = { [weak bus] message in
                guard let bus else { return }
                let reply = ReplyAddress(message, on: bus)
                do {
                    handler(IncomingCall(try BusMessage(message, valueLimit: Self.callValueLimit), reply))
                } catch {
                    reply.send(error: BusErrorName.limitsExceeded, "cannot read the arguments")
                }
            }
            try bus.driver.registerObjects(below: path)
        }
    }

    /// The most values in the arguments of a call to us. A call of this project needs a few hundred.
    static let callValueLimit = 1 << 14
}

/// A method call that waits for an answer.
///
/// It is answered exactly once: later answers are ignored, and one that is dropped without any is answered with an error,
/// so that no caller waits for nothing.
public final class IncomingCall: Sendable {
    public let message: BusMessage
    private let address: ReplyAddress
    private let isAnswered = Atomic<Bool>(false)

    init(_ message: BusMessage, _ address: ReplyAddress) {
        self.message = message
        self.address = address
    }

    deinit {
        fail(BusErrorName.failed, "the call was dropped")
    }

    /// Answers with values.
    public func reply(_ values: [BusValue] = []) {
        guard take() else { return }
        address.send(values)
    }

    /// Answers with an error.
    public func fail(_ name: String, _ message: String) {
        guard take() else { return }
        address.send(error: name, message)
    }

    private func take() -> Bool {
        isAnswered.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
    }
}

/// Where an answer goes.
///
/// `@unchecked Sendable`: holds one reference on the message, which is used on the connection's queue only; the reference
/// is also dropped there.
final class ReplyAddress: @unchecked Sendable {
    private let call: OpaquePointer
    private let bus: BusConnection

    init(_ call: OpaquePointer, on bus: BusConnection) {
        self.call = dbus_message_ref(call)
        self.bus = bus
    }

    deinit {
        // libdbus counts references atomically, and a message that is not locked has no other user by now.
        dbus_message_unref(call)
    }

    func send(_ values: [BusValue]) {
        bus.queue.async { [self] in
            guard dbus_message_get_no_reply(call) == 0, let reply = dbus_message_new_method_return(call) else { return }
            defer { dbus_message_unref(reply) }
            do {
                try MessageWriter.append(values, to: reply)
                try bus.send(reply)
            } catch {
                sendNow(error: BusErrorName.failed, "cannot send the reply: \(error)")
            }
        }
    }

    func send(error name: String, _ message: String) {
        bus.queue.async { [self] in sendNow(error: name, message) }
    }

    private func sendNow(error name: String, _ message: String) {
        guard dbus_message_get_no_reply(call) == 0,
            let reply = dbus_message_new_error(call, name, message.replacing("\0", with: ""))
        else { return }
        defer { dbus_message_unref(reply) }
        // Fails only when the connection is gone, and with it the caller.
        try? bus.send(reply)
    }
}
