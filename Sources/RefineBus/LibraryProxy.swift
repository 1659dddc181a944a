import BusTransport

/// The daemon's library, seen from a caller. Paths are bytes, as the kernel has them.
///
/// ```swift
/// try await LibraryProxy(bus).addFolder(Array("/home/me/Pictures".utf8))
/// ```
public struct LibraryProxy: Sendable {
    public let bus: BusConnection

    public init(_ bus: BusConnection) {
        self.bus = bus
    }

    /// - Parameters:
    ///   - path: absolute, the bytes of the file system.
    ///   - options: as `AddFolder` documents them.
    /// - Throws: `RefineError`, `BusError`.
    public func addFolder(_ path: [UInt8], _ options: [String: BusValue] = [:]) async throws {
        _ = try await call("AddFolder", [path.busValue], options)
    }

    public func removeFolder(_ path: [UInt8]) async throws { _ = try await call("RemoveFolder", [path.busValue]) }

    public func rescan() async throws { _ = try await call("Rescan") }

    /// - Returns: how many photos and generations are gone.
    public func forget(_ path: [UInt8]) async throws -> (photos: UInt32, generations: UInt32) {
        let reply = try await call("Forget", [path.busValue])
        guard reply.count == 2, let photos: UInt32 = reply[0].content(), let generations: UInt32 = reply[1].content()
        else { throw RefineError.badReply("Forget") }
        return (photos, generations)
    }

    public func folders() async throws -> [[String: BusValue]] { try await list("Folders") }

    /// - Parameter options: as `Photos` documents them.
    public func photos(_ options: [String: BusValue] = [:]) async throws -> [[String: BusValue]] {
        try await list("Photos", options)
    }

    public func stats() async throws -> [String: BusValue] {
        guard let stats = try await call("Stats").first?.options else { throw RefineError.badReply("Stats") }
        return stats
    }

    private func list(_ member: String, _ options: [String: BusValue] = [:]) async throws -> [[String: BusValue]] {
        guard case .array(_, let items)? = try await call(member, [], options).first else {
            throw RefineError.badReply(member)
        }
        return items.compactMap(\.options)
    }

    private func call(
        _ member: String, _ arguments: [BusValue] = [], _ options: [String: BusValue] = [:]
    ) async throws -> [BusValue] {
        // Removing and forgetting write the database anew, behind a pass that may be under way.
        try await bus.callRefine(
            BusCall(
                to: RefineNames.bus, path: RefineNames.root, interface: RefineNames.library, member: member,
                arguments + [.options(options)]), timeout: .seconds(300))
    }
}
