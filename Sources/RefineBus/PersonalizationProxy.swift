import BusTransport

/// The daemon's tuning, seen from a caller.
///
/// ```swift
/// let waitsFor = try await PersonalizationProxy(bus).start()
/// ```
public struct PersonalizationProxy: Sendable {
    public let bus: BusConnection

    public init(_ bus: BusConnection) {
        self.bus = bus
    }

    /// - Returns: codes of what is waited for.
    /// - Throws: `RefineError`, `BusError`; so do the others.
    public func start() async throws -> [String] {
        guard let codes: [String] = try await call("Start").first?.content() else {
            throw RefineError.badReply("Start")
        }
        return codes
    }

    public func pause() async throws { _ = try await call("Pause") }

    public func resume() async throws { _ = try await call("Resume") }

    /// Keeps from tuning until ``uninhibit(_:)``, or for as long as the connection lasts.
    public func inhibit(who: String, why: String) async throws -> UInt64 {
        guard let cookie: UInt64 = try await call("Inhibit", [who.busValue, why.busValue]).first?.content() else {
            throw RefineError.badReply("Inhibit")
        }
        return cookie
    }

    public func uninhibit(_ cookie: UInt64) async throws { _ = try await call("Uninhibit", [cookie.busValue]) }

    /// - Parameter windows: such as `Mon..Fri 22:00-06:00`.
    public func setSchedule(_ windows: String) async throws { _ = try await call("SetSchedule", [windows.busValue]) }

    public func clearSchedule() async throws { _ = try await call("ClearSchedule") }

    /// Newest first, as `History` documents them.
    public func history(limit: UInt32? = nil) async throws -> [[String: BusValue]] {
        let options = limit.map { ["limit": $0.busValue] } ?? [:]
        guard case .array(_, let runs)? = try await call("History", [], options).first else {
            throw RefineError.badReply("History")
        }
        return runs.compactMap(\.options)
    }

    /// - Returns: the generation that is in use now.
    public func rollback() async throws -> String {
        guard let generation: String = try await call("Rollback").first?.content() else {
            throw RefineError.badReply("Rollback")
        }
        return generation
    }

    public func reset() async throws { _ = try await call("Reset") }

    /// All properties.
    ///
    /// - Parameter autoStart: Whether to start a daemon that does not run.
    public func properties(autoStart: Bool = true) async throws -> [String: BusValue] {
        let reply = try await bus.callRefine(
            BusCall(
                to: RefineNames.bus, path: RefineNames.root, interface: StandardNames.properties, member: "GetAll",
                [.string(RefineNames.personalization)], autoStart: autoStart))
        guard let properties = reply.first?.options else { throw RefineError.badReply("GetAll") }
        return properties
    }

    /// The properties whose changes are announced: reading them looks at nothing.
    public func announced() async throws -> [String: BusValue] {
        var values: [String: BusValue] = [:]
        for property in RefineInterfaces.personalization.properties where property.changes == .announced {
            let reply = try await bus.callRefine(
                BusCall(
                    to: RefineNames.bus, path: RefineNames.root, interface: StandardNames.properties, member: "Get",
                    [.string(RefineNames.personalization), .string(property.name)]))
            guard case .variant(let value)? = reply.first else { throw RefineError.badReply("Get") }
            values[property.name] = value
        }
        return values
    }

    /// Changes of properties from now on.
    public func changes() async throws -> AsyncStream<BusMessage> {
        try await bus.signals(
            SignalMatch(
                path: RefineNames.root, interface: StandardNames.properties, member: "PropertiesChanged",
                firstArgument: RefineNames.personalization))
    }

    private func call(
        _ member: String, _ arguments: [BusValue] = [], _ options: [String: BusValue] = [:]
    ) async throws -> [BusValue] {
        // Rollback and Reset wait for a tuner that ends, Start for guards that are tried.
        try await bus.callRefine(
            BusCall(
                to: RefineNames.bus, path: RefineNames.root, interface: RefineNames.personalization, member: member,
                arguments + [.options(options)]), timeout: .seconds(120))
    }
}
