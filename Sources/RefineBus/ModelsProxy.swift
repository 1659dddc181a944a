import BusTransport

/// The daemon's models, seen from a caller.
///
/// ```swift
/// try await ModelsProxy(bus).use("personal-3")
/// ```
public struct ModelsProxy: Sendable {
    public let bus: BusConnection

    public init(_ bus: BusConnection) {
        self.bus = bus
    }

    /// The base and all generations, as `List` documents them.
    ///
    /// - Throws: `RefineError`, `BusError`.
    public func list() async throws -> [[String: BusValue]] {
        guard case .array(_, let items)? = try await call("List").first else { throw RefineError.badReply("List") }
        return items.compactMap(\.options)
    }

    /// One of them, as `Info` documents it.
    public func info(_ generation: String) async throws -> [String: BusValue] {
        guard let info = try await call("Info", [generation.busValue]).first?.options else {
            throw RefineError.badReply("Info")
        }
        return info
    }

    public func use(_ generation: String) async throws { _ = try await call("Use", [generation.busValue]) }

    /// - Returns: what is in use then.
    public func rollback() async throws -> String {
        guard let generation: String = try await call("Rollback").first?.content() else {
            throw RefineError.badReply("Rollback")
        }
        return generation
    }

    private func call(_ member: String, _ arguments: [BusValue] = []) async throws -> [BusValue] {
        try await bus.callRefine(
            BusCall(
                to: RefineNames.bus, path: RefineNames.root, interface: RefineNames.models, member: member,
                arguments + [.options([:])]), timeout: .seconds(60))
    }
}
