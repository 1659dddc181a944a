import TestSupport
import BusTransport
import Foundation
import Logging
import RefineBus
import RefineDaemon
import Synchronization

/// The real daemon with the test engine, on a bus of its own, in this process.
struct TestDaemon {
    let bus: PrivateBus
    let client: BusConnection
    let clock: ManualTime
    let room: EngineRoom

    var manager: ManagerProxy { ManagerProxy(client) }

    /// Runs `body` with a daemon that has its name.
    static func with<T>(
        gate: StepGate? = nil, steps: Int = 3, hasTextEncoder: Bool = false, limits: ServiceLimits = .init(),
        codec: TestCodec = .init(), drawsSeed: Bool = false, loader: EngineRoom.Loader? = nil,
        privacy: @escaping @Sendable () async -> [String: Bool] = { ["guard": true] },
        isMachineIdle: (@Sendable () -> Bool)? = nil,
        settings: (@Sendable () throws -> SettingsChange)? = nil, threshold: LogThreshold = .init(.info),
        _ body: (TestDaemon) async throws -> T
    ) async throws -> T {
        try await PrivateBus.with { bus in
            let clock = ManualTime()
            var parts = Daemon.Parts()
            parts.limits = limits
            parts.time = clock.source
            parts.log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            parts.privacy = privacy
            parts.isMachineIdle = isMachineIdle
            (parts.settings, parts.threshold) = (settings, threshold)
            let loader =
                loader ?? {
                    TestEngine(steps: steps, hasTextEncoder: hasTextEncoder, gate: gate, drawsSeed: drawsSeed)
                }
            let room = try EngineRoom(loader)
            let daemon = Daemon(address: try BusAddress(bus.address), codec: codec, room: room, parts: parts)
            let running = Task { try await daemon.run() }
            let client = try await bus.connect()
            let test = TestDaemon(bus: bus, client: client, clock: clock, room: room)
            do {
                try await eventually("the daemon's name") { try await client.owner(of: RefineNames.bus) != nil }
                let result = try await body(test)
                gate?.open()
                running.cancel()
                try await running.value
                return result
            } catch {
                gate?.open()
                running.cancel()
                throw error
            }
        }
    }

    /// Starts a job on a small photo.
    func inpaint(_ options: InpaintOptions = .init(), marked: Int = 6, over client: BusConnection? = nil) async throws
        -> JobProxy
    {
        try await ManagerProxy(client ?? self.client).inpaint(
            image: memory(PortableMap.photo(8, 4)), mask: memory(PortableMap.mask(8, 4, marked: marked)), options)
    }

    /// Calls `Inpaint` with any arguments.
    func rawInpaint(_ body: [BusValue]) async throws -> [BusValue] {
        try await client.call(
            BusCall(
                to: RefineNames.bus, path: RefineNames.root, interface: RefineNames.manager, member: "Inpaint", body),
            timeout: nil)
    }

    func get(
        _ property: String, of interface: String = RefineNames.manager, at path: String = RefineNames.root,
        over client: BusConnection? = nil
    ) async throws -> BusValue? {
        let reply = try await (client ?? self.client).call(
            BusCall(
                to: RefineNames.bus, path: path, interface: StandardNames.properties, member: "Get",
                [.string(interface), .string(property)]))
        guard case .variant(let value)? = reply.first else { return nil }
        return value
    }

    /// A job at a path, as another program would use it.
    func call(_ member: String, job path: String, over client: BusConnection) async throws -> [BusValue] {
        try await client.call(
            BusCall(to: RefineNames.bus, path: path, interface: RefineNames.job, member: member, [.options([:])]))
    }
}

/// A clock that stands still until the test moves it.
final class ManualTime: Sendable {
    private struct State {
        var now: UInt64 = 1_700_000_000_000_000
        var sleepers: [Int: (due: UInt64, wake: AsyncStream<Void>.Continuation)] = [:]
        var lastSleeper = 0
    }

    private let state = Mutex(State())

    var source: TimeSource {
        TimeSource(
            now: { self.state.withLock(\.now) },
            sleep: { duration in
                let (stream, wake) = AsyncStream.makeStream(of: Void.self)
                let number = self.state.withLock {
                    let microseconds = UInt64(duration.components.seconds) * 1_000_000
                    $0.lastSleeper += 1
                    $0.sleepers[$0.lastSleeper] = ($0.now + microseconds, wake)
                    return $0.lastSleeper
                }
                for await _ in stream {}
                // One that was cancelled does not sleep any more.
                self.state.withLock { $0.sleepers[number] = nil }
                try Task.checkCancellation()
            })
    }

    var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now += UInt64(duration.components.seconds) * 1_000_000
            return state.sleepers.values.filter { $0.due <= state.now }
        }
        for sleeper in due { sleeper.wake.finish() }
    }
}

extension JobProxy {
    /// Waits for the end and returns the error name, empty for success.
    func end() async throws -> String {
        let (ends, sink) = AsyncStream.makeStream(of: String.self)
        let reader = Task {
            for await event in events() {
                if case .completed(_, let error) = event { sink.yield(error) }
            }
            sink.finish()
        }
        defer { reader.cancel() }
        return try await next("the end of a job", of: ends)
    }
}
