import CDBus
import Dispatch

/// A connection to the session bus.
///
/// One serial queue owns everything below this handle; the methods may be called from anywhere.
///
/// ```swift
/// let bus = try await BusConnection.open(.session())
/// let names = try await bus.call(.bus("ListNames")).first?.content(as: [String].self)
/// ```
///
/// `@unchecked Sendable`: the stored properties are constants; `state` and the driver are used on `queue` only.
public final class BusConnection: @unchecked Sendable {
    let queue: DispatchQueue
    let driver: ConnectionDriver
    let state: ConnectionState

    /// The name that the bus gave this connection, such as `:1.42`.
    public let uniqueName: String

    private init(driver: ConnectionDriver, queue: DispatchQueue) {
        self.driver = driver
        self.queue = queue
        state = ConnectionState()
        uniqueName = dbus_bus_get_unique_name(driver.connection).map { String(cString: $0) } ?? ""
        let state = self.state
        driver.onSignal = { state.deliver(signal: $0) }
        driver.onDisconnect = { state.finish() }
    }

    deinit {
        let driver = self.driver
        queue.async { driver.close() }
    }

    /// Connects to the bus at `address`.
    ///
    /// - Throws: `BusError` with code `connect` where nobody answers.
    public static func open(_ address: BusAddress) async throws -> BusConnection {
        // Of the default quality of service: ordinary users may not have a higher one, and libdispatch would say so.
        let queue = DispatchQueue(label: "org.refinecontrol.bus")
        return try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(
                    with: Result {
                        BusConnection(driver: try ConnectionDriver(address: address, queue: queue), queue: queue)
                    })
            }
        }
    }

    /// Writes out what was sent and breaks the connection. Calls that wait fail, streams of signals end.
    public func close() async {
        await onQueue { $0.driver.close() }
    }

    /// Returns when the connection is closed, by either side.
    public func waitUntilClosed() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        await onQueue { bus in
            guard bus.driver.isOpen else { return continuation.finish() }
            bus.state.closeWaiters.append(continuation)
        }
        for await _ in stream {}
    }

    /// Runs `body` on the queue and waits for it.
    func onQueue<T: Sendable>(_ body: @escaping @Sendable (BusConnection) -> T) async -> T {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: body(self)) }
        }
    }

    /// Runs `body` on the queue, waits for it and passes its error on.
    func tryOnQueue<T: Sendable>(_ body: @escaping @Sendable (BusConnection) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body(self) }) }
        }
    }

    /// Sends `message`, which stays with the caller.
    func send(_ message: OpaquePointer) throws {
        dispatchPrecondition(condition: .onQueue(queue))
        guard driver.isOpen else { throw BusConnection.closedError }
        guard dbus_connection_send(driver.connection, message, nil) != 0 else {
            throw BusError(.system, "out of memory")
        }
    }

    static var closedError: BusError {
        BusError(.disconnected, "the connection to the session bus is closed")
    }
}

/// Who waits for what. Used on the connection's queue only.
final class ConnectionState {
    var pendingCalls: [ObjectIdentifier: PendingReply] = [:]
    var subscriptions: [Int: SignalSubscription] = [:]
    var nextSubscription = 0
    var closeWaiters: [AsyncStream<Void>.Continuation] = []

    func deliver(signal message: OpaquePointer) {
        // Decoded only where somebody listens: a descriptor in an unwanted signal must not even be duplicated.
        let wanted = subscriptions.values.filter { $0.matches(message) }
        guard !wanted.isEmpty, let signal = try? BusMessage(message) else { return }
        for subscription in wanted { subscription.continuation.yield(signal) }
    }

    func finish() {
        for pending in pendingCalls.values { pending.fail(BusConnection.closedError) }
        pendingCalls = [:]
        for subscription in subscriptions.values { subscription.continuation.finish() }
        subscriptions = [:]
        for waiter in closeWaiters { waiter.finish() }
        closeWaiters = []
    }
}
