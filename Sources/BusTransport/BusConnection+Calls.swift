import CDBus

/// One method call to make.
public struct BusCall: Sendable {
    public var destination: String
    public var path: String
    public var interface: String
    public var member: String
    public var body: [BusValue]
    /// Whether the bus may start a service that is not running.
    public var autoStart: Bool

    public init(
        to destination: String, path: String, interface: String, member: String, _ body: [BusValue] = [],
        autoStart: Bool = true
    ) {
        self.destination = destination
        self.path = path
        self.interface = interface
        self.member = member
        self.body = body
        self.autoStart = autoStart
    }

    /// A call to the bus itself.
    public static func bus(_ member: String, _ body: BusValue...) -> BusCall {
        BusCall(
            to: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus",
            member: member, body)
    }
}

extension BusConnection {
    /// Calls a method and waits for its answer. A cancelled task stops waiting at once.
    ///
    /// - Parameters:
    ///   - call: What to call, with its arguments.
    ///   - timeout: How long to wait; nil waits as long as the other side lives.
    /// - Returns: The values of the reply.
    /// - Throws: `BusError` with code `remote` for an error reply and for a timeout (`NoReply`), `invalidValue` for a
    ///   body that no message can carry, `disconnected`; `CancellationError`.
    public func call(_ call: BusCall, timeout: Duration? = .seconds(25)) async throws -> [BusValue] {
        let milliseconds = timeout.map { Int32(clamping: $0.components.seconds * 1000) } ?? Int32.max
        let pending = PendingReply()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.async {
                    pending.start(continuation)
                    self.begin(call, pending, milliseconds)
                }
            }
        } onCancel: {
            queue.async {
                pending.fail(CancellationError())
                self.state.pendingCalls[ObjectIdentifier(pending)] = nil
            }
        }
    }

    private func begin(_ call: BusCall, _ pending: PendingReply, _ milliseconds: Int32) {
        guard !pending.isFinished else { return }
        do {
            guard driver.isOpen else { throw Self.closedError }
            let message = try Self.message(call)
            defer { dbus_message_unref(message) }
            var handle: OpaquePointer?
            guard dbus_connection_send_with_reply(driver.connection, message, &handle, milliseconds) != 0 else {
                throw BusError(.system, "out of memory")
            }
            guard let handle else { throw Self.closedError }
            pending.wait(for: handle) { [state] in state.pendingCalls[ObjectIdentifier(pending)] = nil }
            if !pending.isFinished { state.pendingCalls[ObjectIdentifier(pending)] = pending }
        } catch {
            pending.fail(error)
        }
    }

    private static func message(_ call: BusCall) throws -> OpaquePointer {
        // libdbus aborts on names that do not follow the specification.
        guard dbus_validate_bus_name(call.destination, nil) != 0, dbus_validate_path(call.path, nil) != 0,
            dbus_validate_interface(call.interface, nil) != 0, dbus_validate_member(call.member, nil) != 0
        else {
            throw BusError(
                .invalidValue,
                "cannot call '\(call.interface).\(call.member)' at '\(call.path)' of '\(call.destination)'",
                remedy: "use names as in the D-Bus specification")
        }
        guard let message = dbus_message_new_method_call(call.destination, call.path, call.interface, call.member)
        else { throw BusError(.system, "out of memory") }
        dbus_message_set_auto_start(message, call.autoStart ? 1 : 0)
        do {
            try MessageWriter.append(call.body, to: message)
        } catch {
            dbus_message_unref(message)
            throw error
        }
        return message
    }
}

/// A call that waits for its reply.
///
/// `@unchecked Sendable`: used on the connection's queue only.
final class PendingReply: @unchecked Sendable {
    private var continuation: CheckedContinuation<[BusValue], any Error>?
    private var handle: OpaquePointer?
    private(set) var isFinished = false
    private var onFinish: (() -> Void)?

    func start(_ continuation: CheckedContinuation<[BusValue], any Error>) {
        guard !isFinished else { return continuation.resume(throwing: CancellationError()) }
        self.continuation = continuation
    }

    /// Waits for `handle`, whose reference is taken over.
    func wait(for handle: OpaquePointer, onFinish: @escaping () -> Void) {
        self.handle = handle
        self.onFinish = onFinish
        // Retained for libdbus, which gives it back through the free function.
        let data = Unmanaged.passRetained(self).toOpaque()
        let isSet = dbus_pending_call_set_notify(
            handle,
            { _, data in
                guard let data else { return }
                Unmanaged<PendingReply>.fromOpaque(data).takeUnretainedValue().complete()
            }, data,
            { data in
                guard let data else { return }
                Unmanaged<PendingReply>.fromOpaque(data).release()
            })
        if isSet == 0 {
            Unmanaged<PendingReply>.fromOpaque(data).release()
            fail(BusError(.system, "out of memory"))
        } else if dbus_pending_call_get_completed(handle) != 0 {
            complete()
        }
    }

    func fail(_ error: any Error) {
        finish(.failure(error))
    }

    private func complete() {
        guard let handle, !isFinished, let reply = dbus_pending_call_steal_reply(handle) else { return }
        defer { dbus_message_unref(reply) }
        finish(
            Result {
                let message = try BusMessage(reply)
                if message.kind == .error { throw message.asError }
                return message.body
            })
    }

    private func finish(_ result: Result<[BusValue], any Error>) {
        guard !isFinished else { return }
        isFinished = true
        if let handle {
            dbus_pending_call_cancel(handle)
            dbus_pending_call_unref(handle)
        }
        handle = nil
        continuation?.resume(with: result)
        continuation = nil
        onFinish?()
        onFinish = nil
    }
}
