import BusTransport

/// The daemon's Manager object, seen from a caller.
///
/// ```swift
/// let manager = ManagerProxy(try await BusConnection.open(.session()))
/// let job = try await manager.inpaint(image: photo, mask: mask, InpaintOptions())
/// ```
public struct ManagerProxy: Sendable {
    public let bus: BusConnection

    public init(_ bus: BusConnection) {
        self.bus = bus
    }

    /// Starts a job. Waits while the daemon loads its model.
    ///
    /// - Parameters:
    ///   - image: A descriptor of the photo's file; stays with the caller.
    ///   - mask: A descriptor of the mask's file; empty where `options` holds boxes.
    ///   - options: What `Inpaint` takes.
    /// - Throws: `RefineError` of the daemon, `BusError` of the way there.
    public func inpaint(
        image: BusFileDescriptor, mask: BusFileDescriptor, _ options: InpaintOptions
    ) async throws -> JobProxy {
        try await start("Inpaint", [.unixFD(image), .unixFD(mask), options.busValue])
    }

    /// Starts a job on raw pixels.
    ///
    /// - Parameters:
    ///   - pixels: A memfd, which is sealed by this.
    ///   - layout: Of the pixels.
    ///   - mask: The same, `GRAY8`; of zero length where `options` holds boxes.
    ///   - maskLayout: Of the mask.
    ///   - options: What `InpaintPixels` takes.
    /// - Throws: as ``inpaint(image:mask:_:)``.
    public func inpaint(
        pixels: BusFileDescriptor, _ layout: RasterLayout, mask: BusFileDescriptor, _ maskLayout: RasterLayout,
        _ options: InpaintOptions
    ) async throws -> JobProxy {
        try await start(
            "InpaintPixels",
            [.unixFD(pixels), layout.busValue, .unixFD(mask), maskLayout.busValue, options.busValue])
    }

    private func start(_ member: String, _ arguments: [BusValue]) async throws -> JobProxy {
        // From before the call, so that not even the quickest job is missed.
        let signals = try await JobProxy.signals(on: bus)
        let call = BusCall(
            to: RefineNames.bus, path: RefineNames.root, interface: RefineNames.manager, member: member, arguments)
        let reply = try await bus.callRefine(call, timeout: .seconds(120))
        guard let path: BusObjectPath = reply.first?.content() else { throw RefineError.badReply(member) }
        return JobProxy(bus, path.rawValue, signals: signals)
    }

    /// The jobs of all callers that wait or run, oldest first. Does not start the daemon.
    public func jobs() async throws -> [JobSummary] {
        let reply = try await bus.callRefine(manager("ListJobs", [.options([:])]))
        guard case .array(.options, let items)? = reply.first else { throw RefineError.badReply("ListJobs") }
        return try items.map {
            guard let job = JobSummary($0) else { throw RefineError.badReply("ListJobs") }
            return job
        }
    }

    /// Ends a job of any caller of this user.
    ///
    /// - Throws: `RefineError` with code `notFound` for one that has ended.
    public func cancel(job number: UInt32) async throws {
        _ = try await bus.callRefine(manager("CancelJob", [.uint32(number), .options([:])]))
    }

    /// Makes the daemon read its settings again. Does not start it.
    ///
    /// - Returns: The names of the settings that changed and are in force, and of those that wait for a restart.
    /// - Throws: `RefineError` with code `invalidArgument` where the settings are wrong; the old ones stay in force.
    public func reload() async throws -> (changed: [String], restartNeeded: [String]) {
        let reply = try await bus.callRefine(manager("Reload", [.options([:])]))
        guard reply.count == 2, let changed: [String] = reply[0].content(), let waiting: [String] = reply[1].content()
        else { throw RefineError.badReply("Reload") }
        return (changed, waiting)
    }

    /// What all jobs of the user do from now on, until the connection closes.
    ///
    /// - Parameter owner: The unique name of the daemon, so that nobody else's signals count.
    public func jobEvents(of owner: String) async throws -> AsyncStream<JobEvent> {
        let signals = try await bus.signals(
            SignalMatch(sender: owner, path: RefineNames.root, interface: RefineNames.manager))
        let (stream, sink) = AsyncStream.makeStream(of: JobEvent.self)
        let reader = Task {
            for await signal in signals { if let event = JobEvent(signal) { sink.yield(event) } }
            sink.finish()
        }
        sink.onTermination = { _ in reader.cancel() }
        return stream
    }

    private func manager(_ member: String, _ arguments: [BusValue]) -> BusCall {
        BusCall(
            to: RefineNames.bus, path: RefineNames.root, interface: RefineNames.manager, member: member, arguments,
            autoStart: false)
    }

    /// All properties of the daemon.
    ///
    /// - Parameter autoStart: Whether the bus may start the daemon for this.
    public func properties(autoStart: Bool = true) async throws -> [String: BusValue] {
        let call = BusCall(
            to: RefineNames.bus, path: RefineNames.root, interface: StandardNames.properties, member: "GetAll",
            [.string(RefineNames.manager)], autoStart: autoStart)
        guard let values = try await bus.callRefine(call).first?.options else { throw RefineError.badReply("GetAll") }
        return values
    }

    /// One property. Privacy and Landlock are tried for this.
    ///
    /// - Parameters:
    ///   - name: of the property.
    ///   - autoStart: Whether the bus may start the daemon for this.
    public func property(_ name: String, autoStart: Bool = true) async throws -> BusValue {
        let call = BusCall(
            to: RefineNames.bus, path: RefineNames.root, interface: StandardNames.properties, member: "Get",
            [.string(RefineNames.manager), .string(name)], autoStart: autoStart)
        guard case .variant(let value)? = try await bus.callRefine(call).first else {
            throw RefineError.badReply("Get")
        }
        return value
    }
}

/// What `Manager` tells of jobs.
public enum JobEvent: Sendable, Equatable {
    case changed(JobSummary)
    case ended(number: UInt32, error: String)

    /// Nil for other signals.
    init?(_ signal: BusMessage) {
        guard let number: UInt32 = signal.body.first?.content() else { return nil }
        switch signal.member {
        case "JobChanged":
            guard signal.body.count == 2, let job = JobSummary(signal.body[1]) else { return nil }
            self = .changed(job)
        case "JobEnded":
            guard signal.body.count == 3, let error: String = signal.body[2].content() else { return nil }
            self = .ended(number: number, error: error)
        default: return nil
        }
    }
}

extension BusConnection {
    /// Calls the daemon, with its errors as `RefineError`.
    func callRefine(_ call: BusCall, timeout: Duration = .seconds(25)) async throws -> [BusValue] {
        do {
            return try await self.call(call, timeout: timeout)
        } catch let error as BusError {
            throw RefineError(error) ?? error as any Error
        }
    }
}

extension RefineError {
    static func badReply(_ member: String) -> RefineError {
        RefineError(
            .failed, "daemon", "bad-reply", "the daemon's answer to \(member) has another form than documented",
            remedy: "use a refined and a refinectl of the same version")
    }
}
