import BusTransport
import Logging
import Personalization
import RefineBus
import ServiceLifecycle

/// The daemon on the bus: owns the name, answers calls, works on jobs.
///
/// ```swift
/// let daemon = Daemon(address: try .session(), codec: codec, room: room, parts: .init())
/// try await daemon.run()  // until it is told to stop, or the bus goes away
/// ```
public struct Daemon: Service {
    /// What tests replace.
    public struct Parts: Sendable {
        public var limits = ServiceLimits()
        public var time = TimeSource.system
        public var log = Logger(label: "refined")
        public var notifier: SystemdNotifier?
        /// The guards of this process, tried now.
        public var privacy: @Sendable () async -> [String: Bool] = { [:] }
        /// The guards of the tuner, tried now; empty where nothing is tuned.
        public var tunerGuards: @Sendable () async -> [String: Bool] = { [:] }
        /// How long after the start the guards are tried, if nobody has asked before. Nil: only when somebody asks.
        public var firstGuardCheck: Duration?
        public var version = Daemon.version
        /// Whether other programs leave the processors alone. Nil: nothing is prepared in idle time.
        public var isMachineIdle: (@Sendable () -> Bool)?
        /// Reads the settings again; nil where there are none to read.
        public var settings: (@Sendable () throws -> SettingsChange)?
        /// The level of the log, which the settings may change.
        public var threshold = LogThreshold(.info)
        /// Takes the settings of tuning that were read again.
        public var adoptTuning: @Sendable (TuningPolicy) async -> Void = { _ in }
        /// Told of fills and of the model, as it happens.
        public var onActivity: @Sendable (DaemonActivity) -> Void = { _ in }
        /// What else has an interface at the root object.
        public var interfaces: [any RootInterface] = []

        public init() {}
    }

    public static let version = ProductVersion.current

    private let address: BusAddress
    private let codec: any PhotoCodec
    private let room: EngineRoom
    private let service: InpaintService
    private let settings: SettingsReload?
    private let parts: Parts

    public init(address: BusAddress, codec: any PhotoCodec, room: EngineRoom, parts: Parts) {
        self.address = address
        self.parts = parts
        self.codec = codec
        self.room = room
        service = InpaintService(
            codec: codec, room: room, limits: parts.limits, time: parts.time, log: parts.log,
            onActivity: parts.onActivity)
        settings = parts.settings.map { [service] in
            SettingsReload(
                read: $0, service: service, threshold: parts.threshold, adoptTuning: parts.adoptTuning,
                notifier: parts.notifier, log: parts.log)
        }
    }

    /// Reads the settings again, as `Manager.Reload` does. Where they are wrong the old ones stay in force and the log
    /// says why.
    public func reload() async {
        _ = try? await settings?.reload()
    }

    /// Serves until the group shuts down, the task is cancelled or the bus closes.
    ///
    /// - Throws: `BusError` where the bus cannot be reached or another daemon has the name.
    public func run() async throws {
        let bus = try await BusConnection.open(address)
        let (calls, sink) = AsyncStream.makeStream(of: IncomingCall.self)
        // Objects before the name: whoever sees the name may call at once.
        try await bus.serve(below: RefineNames.root) { sink.yield($0) }
        try await bus.own(RefineNames.bus)
        parts.notifier?.send("READY=1\nSTATUS=Loading the model")
        parts.log.info("serving", metadata: ["name": "\(RefineNames.bus)"])

        let guards = GuardCheck(time: parts.time) { await allGuards() }
        let desk = FrontDesk(
            bus: bus, service: service, guards: guards, version: parts.version, log: parts.log,
            parts: parts.interfaces, settings: settings)
        // Nobody waits for it: a daemon that is told to stop must not finish loading first.
        Task { await reportModel() }
        await withTaskGroup(of: Void.self) { group in
            var background = parts.interfaces.map { part in Task { await part.run(on: bus) } }
            if let delay = parts.firstGuardCheck {
                background.append(Task { await tryGuards(guards, after: delay) })
            }
            if let isMachineIdle = parts.isMachineIdle {
                let preparation = IdlePreparation(
                    service: service, room: room, time: parts.time, isMachineIdle: isMachineIdle)
                background.append(Task { await preparation.run() })
            }
            group.addTask { for await call in calls { await desk.answer(call) } }
            let signals = Task { await desk.sendNotices() }
            let changes = Task { for await info in room.changes { await service.modelChanged(to: info) } }
            await Self.untilStopped { await bus.waitUntilClosed() }
            parts.notifier?.send("STOPPING=1\nSTATUS=Stopping")
            parts.log.info("stopping")
            for task in background { task.cancel() }
            await service.stop()
            changes.cancel()
            for task in background { await task.value }
            await signals.value
            sink.finish()
            // Gives back the name as well.
            await bus.close()
        }
    }

    /// Tries the guards before anybody asks, and says in the log where one does not hold.
    private func tryGuards(_ guards: GuardCheck, after delay: Duration) async {
        guard (try? await parts.time.sleep(delay)) != nil else { return }
        let open = await guards.recent().guards.filter { !$0.value }.keys.sorted()
        guard !open.isEmpty else { return }
        parts.log.error("guards that do not hold", metadata: ["guards": "\(open.joined(separator: " "))"])
    }

    private func allGuards() async -> PrivacyReport {
        async let tuner = parts.tunerGuards()
        let worker = await codec.guards()
        var report = PrivacyReport(guards: await parts.privacy(), landlock: worker.landlock)
        for (name, holds) in worker.guards { report.guards["worker-" + name] = holds }
        for (name, holds) in await tuner { report.guards["tuner-" + name] = holds }
        return report
    }

    private func reportModel() async {
        switch await service.loadModel() {
        case .ready(let info):
            parts.notifier?.send("STATUS=Ready with model \(info.name)")
            parts.log.info(
                "model ready", metadata: ["name": "\(info.name)", "parameters": "\(info.parameterCount)"])
        case .missing(let error):
            parts.notifier?.send("STATUS=No model: \(error.reason)")
            parts.log.error("no model", metadata: ["error": "\(error)"])
        case .loading: break
        }
    }

    /// Returns when `closed` does, on graceful shutdown, or when the task is cancelled.
    private static func untilStopped(_ closed: @escaping @Sendable () async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await closed() }
            group.addTask {
                // Throws where the task is cancelled, which means the same.
                try? await gracefulShutdown()
            }
            await group.next()
            group.cancelAll()
        }
    }
}
