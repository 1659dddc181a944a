import CDBus
import Dispatch

/// Owns one libdbus connection and moves it along by dispatch sources on one serial queue.
///
/// libdbus never gets a thread of its own here: it tells when it wants to read, write or wait (watches and timeouts),
/// and when there are messages to hand out (dispatch status, wake-up). With a thread that blocks in
/// `read_write_dispatch`, messages from other threads would stay queued until the next one arrives.
///
/// `@unchecked Sendable`: every member is used on `queue` only, `init` and the C callbacks included.
final class ConnectionDriver: @unchecked Sendable {
    let queue: DispatchQueue
    let connection: OpaquePointer
    private(set) var isOpen = true
    private var isDispatchScheduled = false

    /// Called for each signal and for the end of the connection.
    var onSignal: ((OpaquePointer) -> Void)?
    var onDisconnect: (() -> Void)?
    /// Called for each method call below a registered path.
    var onMethodCall: ((OpaquePointer) -> Void)?

    /// Connects and says hello, blocking `queue`.
    ///
    /// - Throws: `BusError` with code `connect` where nobody answers.
    init(address: BusAddress, queue: DispatchQueue) throws {
        dispatchPrecondition(condition: .onQueue(queue))
        self.queue = queue
        dbus_threads_init_default()
        var failure = DBusError()
        dbus_error_init(&failure)
        defer { dbus_error_free(&failure) }
        guard let connection = dbus_connection_open_private(address.rawValue, &failure) else {
            throw Self.unreachable(failure)
        }
        self.connection = connection
        guard dbus_bus_register(connection, &failure) != 0 else {
            dbus_connection_close(connection)
            dbus_connection_unref(connection)
            throw Self.unreachable(failure)
        }
        dbus_connection_set_exit_on_disconnect(connection, 0)
        // Messages that nobody has let go of yet hold at most these; with more, libdbus stops reading for a while. So
        // a flood of calls cannot use up the descriptors of the process.
        dbus_connection_set_max_received_unix_fds(connection, 256)
        attach()
    }

    private static func unreachable(_ failure: DBusError) -> BusError {
        let text = failure.message.map { String(cString: $0) } ?? "no answer"
        return BusError(
            .connect, "cannot reach the session bus: \(text)",
            remedy: "log in to a desktop session, or run under dbus-run-session")
    }

    /// Breaks the connection and releases it. What was sent before is written out first. Does nothing the second time.
    func close() {
        dispatchPrecondition(condition: .onQueue(queue))
        guard isOpen else { return }
        dbus_connection_flush(connection)
        shutDown()
    }

    private func shutDown() {
        guard isOpen else { return }
        isOpen = false
        detach()
        dbus_connection_close(connection)
        // Completes the calls that still wait, with an error.
        while dbus_connection_dispatch(connection) == DBUS_DISPATCH_DATA_REMAINS {}
        dbus_connection_remove_filter(connection, Self.filter, pointer)
        dbus_connection_unref(connection)
        onDisconnect?()
        onSignal = nil
        onDisconnect = nil
        onMethodCall = nil
    }

    /// Hands method calls at and below `path` to ``onMethodCall``.
    func registerObjects(below path: String) throws {
        var table = DBusObjectPathVTable()
        table.message_function = { _, message, data in
            guard let data, let message else { return DBUS_HANDLER_RESULT_NOT_YET_HANDLED }
            let driver = ConnectionDriver.from(data)
            guard dbus_message_get_type(message) == CDBUS_MESSAGE_METHOD_CALL, let handler = driver.onMethodCall else {
                return DBUS_HANDLER_RESULT_NOT_YET_HANDLED
            }
            handler(message)
            return DBUS_HANDLER_RESULT_HANDLED
        }
        guard dbus_connection_try_register_fallback(connection, path, &table, pointer, nil) != 0 else {
            throw BusError(.invalidValue, "'\(path)' has a handler already")
        }
    }

    // MARK: libdbus' main loop hooks

    /// Not retained by libdbus: `shutDown` unhooks everything before the driver can go away.
    private var pointer: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    private static func from(_ data: UnsafeMutableRawPointer) -> ConnectionDriver {
        Unmanaged<ConnectionDriver>.fromOpaque(data).takeUnretainedValue()
    }

    private static let filter: DBusHandleMessageFunction = { _, message, data in
        guard let data, let message, dbus_message_get_type(message) == CDBUS_MESSAGE_SIGNAL else {
            return DBUS_HANDLER_RESULT_NOT_YET_HANDLED
        }
        let driver = ConnectionDriver.from(data)
        if dbus_message_is_signal(message, "org.freedesktop.DBus.Local", "Disconnected") != 0 {
            // Not from inside libdbus' dispatch, whose connection this would free.
            driver.queue.async { driver.shutDown() }
        } else {
            driver.onSignal?(message)
        }
        return DBUS_HANDLER_RESULT_NOT_YET_HANDLED
    }

    private func attach() {
        dbus_connection_add_filter(connection, Self.filter, pointer, nil)
        dbus_connection_set_watch_functions(
            connection,
            { watch, data in
                guard let watch, let data else { return 0 }
                let driver = ConnectionDriver.from(data)
                let source = WatchSource(watch, queue: driver.queue) { [weak driver] in driver?.dispatch() }
                dbus_watch_set_data(watch, Unmanaged.passRetained(source).toOpaque(), nil)
                source.update()
                return 1
            },
            { watch, _ in
                guard let data = dbus_watch_get_data(watch) else { return }
                dbus_watch_set_data(watch, nil, nil)
                Unmanaged<WatchSource>.fromOpaque(data).takeRetainedValue().stop()
            },
            { watch, _ in
                guard let data = dbus_watch_get_data(watch) else { return }
                Unmanaged<WatchSource>.fromOpaque(data).takeUnretainedValue().update()
            }, pointer, nil)
        dbus_connection_set_timeout_functions(
            connection,
            { timeout, data in
                guard let timeout, let data else { return 0 }
                let driver = ConnectionDriver.from(data)
                let source = TimeoutSource(timeout, queue: driver.queue) { [weak driver] in driver?.dispatch() }
                dbus_timeout_set_data(timeout, Unmanaged.passRetained(source).toOpaque(), nil)
                source.update()
                return 1
            },
            { timeout, _ in
                guard let data = dbus_timeout_get_data(timeout) else { return }
                dbus_timeout_set_data(timeout, nil, nil)
                Unmanaged<TimeoutSource>.fromOpaque(data).takeRetainedValue().stop()
            },
            { timeout, _ in
                guard let data = dbus_timeout_get_data(timeout) else { return }
                Unmanaged<TimeoutSource>.fromOpaque(data).takeUnretainedValue().update()
            }, pointer, nil)
        dbus_connection_set_dispatch_status_function(
            connection,
            { _, status, data in
                guard let data, status != DBUS_DISPATCH_COMPLETE else { return }
                ConnectionDriver.from(data).scheduleDispatch()
            }, pointer, nil)
        dbus_connection_set_wakeup_main_function(
            connection,
            { data in
                guard let data else { return }
                ConnectionDriver.from(data).scheduleDispatch()
            }, pointer, nil)
        if dbus_connection_get_dispatch_status(connection) != DBUS_DISPATCH_COMPLETE { scheduleDispatch() }
    }

    private func detach() {
        dbus_connection_set_watch_functions(connection, nil, nil, nil, nil, nil)
        dbus_connection_set_timeout_functions(connection, nil, nil, nil, nil, nil)
        dbus_connection_set_dispatch_status_function(connection, nil, nil, nil)
        dbus_connection_set_wakeup_main_function(connection, nil, nil, nil)
    }

    /// libdbus forbids to dispatch inside its callbacks, so this goes through the queue.
    private func scheduleDispatch() {
        guard !isDispatchScheduled else { return }
        isDispatchScheduled = true
        queue.async { [weak self] in
            self?.isDispatchScheduled = false
            self?.dispatch()
        }
    }

    private func dispatch() {
        guard isOpen else { return }
        while isOpen, dbus_connection_dispatch(connection) == DBUS_DISPATCH_DATA_REMAINS {}
    }
}
