import BusTransport
import Glibc
import Logging
import RefineBus

/// Answers method calls and sends signals: all that the daemon says on the bus.
///
/// Calls are answered in the order of their arrival, so that a `Cancel` never overtakes what was asked before it. Only
/// what has to wait steps aside: an `Inpaint` for the model, the Manager's properties for the guards, which are tried.
struct FrontDesk: Sendable {
    let bus: BusConnection
    let service: InpaintService
    let guards: GuardCheck
    let version: String
    let log: Logger
    /// Interfaces of the root object that other parts of the daemon serve.
    var parts: [any RootInterface] = []
    var settings: SettingsReload?
    let watches = CallerWatches()

    /// An object of the daemon.
    enum Object: Equatable {
        case root
        case jobFolder
        case job(String)

        init?(path: String) {
            switch path {
            case RefineNames.root: self = .root
            case RefineNames.jobs: self = .jobFolder
            case _ where path.hasPrefix(RefineNames.jobs + "/"): self = .job(path)
            default: return nil
            }
        }

        var interfaces: [BusInterface] {
            let everywhere = [
                StandardInterfaces.properties, StandardInterfaces.introspectable, StandardInterfaces.peer,
            ]
            return switch self {
            case .root: [RefineInterfaces.manager, StandardInterfaces.objectManager] + everywhere
            case .jobFolder: [StandardInterfaces.introspectable, StandardInterfaces.peer]
            case .job: [RefineInterfaces.job] + everywhere
            }
        }
    }

    /// The interfaces of an object, with those of the parts.
    func interfaces(of object: Object) -> [BusInterface] {
        object.interfaces + (object == .root ? parts.map(\.interface) : [])
    }

    /// Answers `call`. Never throws: every failure is an answer.
    func answer(_ call: IncomingCall) async {
        await answering(call) { try await dispatch(call) }
    }

    private func answering(_ call: IncomingCall, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch let error as RefineError {
            call.fail(error.name, error.message)
        } catch let error as BusError {
            call.fail(error.name ?? BusErrorName.failed, error.message)
        } catch {
            log.error("call failed", metadata: ["member": "\(call.message.member)", "error": "\(error)"])
            call.fail(BusErrorName.failed, "the call failed")
        }
    }

    /// Answers `call` by `body` while the next calls get their turn.
    private func aside(_ call: IncomingCall, _ body: @escaping @Sendable () async throws -> Void) {
        Task { await answering(call, body) }
    }

    private func dispatch(_ call: IncomingCall) async throws {
        let message = call.message
        guard let object = Object(path: message.path) else {
            throw BusError(remote: BusErrorName.unknownObject, "there is no object at this path")
        }
        // A message without interface means any interface that has the member.
        let candidates = interfaces(of: object).filter { message.interface.isEmpty || $0.name == message.interface }
        guard !candidates.isEmpty else {
            throw BusError(remote: BusErrorName.unknownInterface, "the object has no such interface")
        }
        guard let interface = candidates.first(where: { $0.method(message.member) != nil }),
            let method = interface.method(message.member)
        else { throw BusError(remote: BusErrorName.unknownMethod, "the interface has no such method") }
        guard message.signature == method.signature else {
            throw BusError(
                remote: BusErrorName.invalidArguments,
                "\(method.name) takes '\(method.signature)' and was called with '\(message.signature)'")
        }
        // The bus always names the sender; without one there is nobody to own a job.
        guard let caller = message.sender else {
            throw BusError(remote: BusErrorName.failed, "the call has no sender")
        }
        if case .job(let path) = object { try await authorize(path, caller) }
        try await perform(call, object, interface.name, caller)
    }

    private func perform(_ call: IncomingCall, _ object: Object, _ interface: String, _ caller: String) async throws {
        switch (object, interface, call.message.member) {
        case (.root, RefineNames.manager, "Inpaint"), (.root, RefineNames.manager, "InpaintPixels"):
            try await inpaint(call, caller)
        case (.root, RefineNames.manager, "ListJobs"):
            try Self.requireNoOptions(call)
            try await requireSameUser(caller)
            call.reply([.array(of: .options, await service.summaries.map(\.busValue))])
        case (.root, RefineNames.manager, "CancelJob"):
            try Self.requireNoOptions(call)
            try await requireSameUser(caller)
            guard let number: UInt32 = call.message.body.first?.content() else {
                throw BusError(remote: BusErrorName.invalidArguments, "CancelJob takes a number")
            }
            try await service.cancel(number: number)
            call.reply()
        case (.root, RefineNames.manager, "Reload"):
            try Self.requireNoOptions(call)
            try await requireSameUser(caller)
            let change = try await settings?.reload()
            call.reply([(change?.changed ?? []).busValue, (change?.awaitingRestart ?? []).busValue])
        case (.root, StandardNames.objectManager, "GetManagedObjects"):
            call.reply([await managedObjects(caller)])
        case (.job(let path), RefineNames.job, "Cancel"):
            try Self.requireNoOptions(call)
            await service.cancel(path)
            call.reply()
        case (.job(let path), RefineNames.job, "GetResult"):
            try Self.requireNoOptions(call)
            let (images, info) = try await service.result(of: path)
            call.reply([.descriptors(images), info.busValue])
        case (.root, StandardNames.properties, let member):
            aside(call) { try await properties(call, member, object) }
        case (_, StandardNames.properties, let member):
            try await properties(call, member, object)
        case (_, StandardNames.introspectable, "Introspect"):
            call.reply([.string(await introspection(object, caller))])
        case (_, StandardNames.peer, "Ping"):
            call.reply()
        case (.root, let name, let member):
            guard let part = parts.first(where: { $0.interface.name == name }) else { fallthrough }
            let body = call.message.body
            aside(call) { call.reply(try await part.call(member, body, from: caller)) }
        default:
            throw BusError(remote: BusErrorName.unknownMethod, "the object has no such method")
        }
    }

    private func authorize(_ path: String, _ caller: String) async throws {
        guard try await service.access(to: path, by: caller) == .detached else { return }
        try await requireSameUser(caller)
    }

    private func requireSameUser(_ caller: String) async throws {
        guard try await bus.userID(of: caller) == getuid() else {
            throw RefineError(.notAllowed, "caller", "other-user", "the daemon is that of another user")
        }
    }

    private static func requireNoOptions(_ call: IncomingCall) throws {
        guard let name = call.message.body.last?.options?.keys.sorted().first else { return }
        throw RefineError(
            .invalidArgument, InpaintOptions.printable(name), "unknown-option",
            "\(call.message.member) has no options", remedy: "leave it out")
    }

    private func inpaint(_ call: IncomingCall, _ caller: String) async throws {
        let (member, arguments) = (call.message.member, call.message.body)
        let admit: @Sendable () async throws -> Void = {
            let path = try await service.admit(member, arguments, caller: caller)
            call.reply([.objectPath(BusObjectPath(path))])
            await watches.watch(caller, on: bus, service)
            await service.release(path)
        }
        if await service.model == .loading { aside(call, admit) } else { try await admit() }
    }
}

/// Which callers are watched, so that each is watched once.
actor CallerWatches {
    private var watched: Set<String> = []

    /// Tells the service when `caller` leaves the bus. Returns when the watch is under way.
    func watch(_ caller: String, on bus: BusConnection, _ service: InpaintService) {
        guard watched.insert(caller).inserted else { return }
        Task {
            // A bus that refuses the watch would let jobs outlive their callers, so it counts as having left.
            try? await bus.waitUntilVanished(caller)
            watched.remove(caller)
            await service.callerVanished(caller)
        }
    }
}
