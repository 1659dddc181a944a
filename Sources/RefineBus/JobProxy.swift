import BusTransport

/// One job of the daemon, seen from the caller that started it.
public struct JobProxy: Sendable {
    public let bus: BusConnection
    public let path: String
    private let signals: AsyncStream<BusMessage>

    init(_ bus: BusConnection, _ path: String, signals: AsyncStream<BusMessage>) {
        self.bus = bus
        self.path = path
        self.signals = signals
    }

    /// What a job tells while it runs.
    public enum Event: Sendable, Equatable {
        case changed(JobProperties)
        case completed(success: Bool, error: String)
    }

    /// What came out of a job.
    public struct Result: Sendable {
        public let images: [BusFileDescriptor]
        public let info: ResultInfo
    }

    /// Signals to this connection alone need no match rule on the bus.
    static func signals(on bus: BusConnection) async throws -> AsyncStream<BusMessage> {
        try await bus.signals(SignalMatch(), broadcasts: false)
    }

    /// The job's events up to and with `completed`. Ends early when the connection closes. Can be used once.
    public func events() -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
        let reader = Task { [signals, path] in
            var properties = JobProperties()
            for await signal in signals where signal.path == path {
                if signal.interface == StandardNames.properties, signal.member == "PropertiesChanged",
                    let values = signal.body.dropFirst().first?.options
                {
                    properties.update(values)
                    continuation.yield(.changed(properties))
                } else if signal.interface == RefineNames.job, signal.member == "Completed", signal.body.count == 2,
                    let success: Bool = signal.body[0].content(), let error: String = signal.body[1].content()
                {
                    continuation.yield(.completed(success: success, error: error))
                    break
                }
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in reader.cancel() }
        return stream
    }

    /// Ends the job.
    public func cancel() async throws {
        _ = try await call("Cancel")
    }

    /// The result of a finished job.
    ///
    /// - Throws: the `RefineError` that ended the job.
    public func result() async throws -> Result {
        let reply = try await call("GetResult")
        guard reply.count == 2, let images = reply[0].descriptors, let info = ResultInfo(reply[1]) else {
            throw RefineError.badReply("GetResult")
        }
        return Result(images: images, info: info)
    }

    private func call(_ member: String) async throws -> [BusValue] {
        try await bus.callRefine(
            BusCall(
                to: RefineNames.bus, path: path, interface: RefineNames.job, member: member, [.options([:])],
                autoStart: false))
    }
}
