import BusTransport
import Personalization
import RefineBus

/// An interface of an object of another program, whose properties are read and followed.
struct RemoteInterface: Sendable {
    let bus: BusConnection
    let name: String
    let path: String
    let interface: String

    /// Longer than a desktop takes to start such a service.
    static let patience = Duration.seconds(10)

    /// All properties now. `absent` where nobody has the name and nobody can be started for it.
    func properties() async -> Reading<[String: BusValue]> {
        do {
            let reply = try await bus.call(
                BusCall(
                    to: name, path: path, interface: StandardNames.properties, member: "GetAll", [.string(interface)]),
                timeout: Self.patience)
            return reply.first?.options.map { .known($0) } ?? .unknown
        } catch let error as BusError where error.meansNobody {
            return .absent
        } catch {
            return .unknown
        }
    }

    /// Calls a method of a service that runs already; nil where that fails.
    func call(_ member: String, _ body: [BusValue] = []) async -> [BusValue]? {
        try? await bus.call(
            BusCall(to: name, path: path, interface: interface, member: member, body, autoStart: false),
            timeout: Self.patience)
    }

    /// Hands over all properties now, after every change that is announced and whenever the service comes or goes,
    /// until the task is cancelled or the bus is gone.
    func follow(_ update: @escaping @Sendable (Reading<[String: BusValue]>) async -> Void) async {
        let (ticks, tick) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        tick.yield()
        guard let owners = try? await bus.ownerChanges(of: name),
            let changes = try? await bus.signals(
                SignalMatch(
                    path: path, interface: StandardNames.properties, member: "PropertiesChanged",
                    firstArgument: interface))
        else { return await update(.unknown) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in owners { tick.yield() }
                tick.finish()
            }
            group.addTask { for await _ in changes { tick.yield() } }
            // Read anew rather than merged: whoever sent the signal, only the service is believed.
            for await _ in ticks { await update(await properties()) }
            group.cancelAll()
        }
    }
}

extension BusConnection {
    /// One signal each time a name gets another owner, or none.
    func ownerChanges(of name: String) async throws -> AsyncStream<BusMessage> {
        try await signals(
            SignalMatch(
                sender: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus",
                member: "NameOwnerChanged", firstArgument: name))
    }
}

extension BusError {
    /// Whether nobody has the name that was called.
    fileprivate var meansNobody: Bool {
        guard let name else { return false }
        return [BusErrorName.serviceUnknown, BusErrorName.nameHasNoOwner].contains(name)
            || name.hasPrefix(BusErrorName.spawnPrefix)
    }
}
