import BusTransport
import Logging
import RefineBus
import ServiceLifecycle
import UnixSignals
import WorkerProtocol

/// The daemon as a program: puts the parts together and turns failures into exit codes.
public struct DaemonProgram: Sendable {
    public var modelDirectory: String?
    /// The bus; nil is the session's.
    public var address: String?
    public var settings = LiveSettings()
    /// Reads the settings again.
    public var readSettings: (@Sendable () throws -> SettingsChange)?
    /// Tuned generations whose files are kept.
    public var keptGenerations = 5
    /// Steps of a run of tuning; nil for as many as the recipe says.
    public var tuningSteps: Int?

    public init() {}

    /// Runs until SIGTERM, SIGINT or the end of the bus.
    ///
    /// - Returns: An exit code as in sysexits.
    public func run() async -> Int32 {
        let threshold = LogThreshold(settings.logLevel)
        LoggingSystem.bootstrap { _ in JournalLogHandler(threshold: threshold) }
        let log = Logger(label: "refined")
        if !ProcessStart.areThreadsSettled {
            log.warning("cannot start anew with OMP_WAIT_POLICY=passive, so fills may be slower")
        }
        ProcessStart.raiseFileLimit()
        FreeMemory.keepNoLargeBlocks()
        for name in ProcessGuards.takeOn() {
            log.error("a privacy guard could not be put up", metadata: ["guard": "\(name)"])
        }
        for (name, holds) in ProcessGuards.check() where !holds {
            log.error("a privacy guard does not hold", metadata: ["guard": "\(name)"])
        }
        do {
            let codec = WorkerCodec()
            var parts = Daemon.Parts()
            parts.limits = settings.limits
            parts.settings = readSettings
            parts.threshold = threshold
            parts.log = log
            parts.notifier = SystemdNotifier()
            parts.privacy = { ProcessGuards.check() }
            // Not before the fill has ended that a bus may have started the daemon for.
            parts.firstGuardCheck = .seconds(10)
            parts.isMachineIdle = MachineLoad.isIdle
            let model = modelDirectory ?? ModelPlace.find()
            let room: EngineRoom
            if let folder = DataPlace.find() {
                let library = LibraryHandle(folder: folder, time: parts.time, log: log)
                let generations = GenerationStore(library: library, base: model, kept: keptGenerations, log: log)
                room = try EngineRoom(generations: generations)
                let tuner = PersonalTuner(
                    generations: generations, room: room, sampler: LazyScanner(), size: TuneSize(steps: tuningSteps),
                    log: log)
                let tuning = TuningService(
                    policy: settings.tuning, library: library, tuner: tuner, archive: tuner, time: parts.time, log: log,
                    guards: { await Self.allGuardsHold(codec) })
                parts.tunerGuards = { await TunerGuards.report() }
                parts.onActivity = { tuning.note($0) }
                parts.adoptTuning = { await tuning.reconfigure($0) }
                parts.interfaces += [
                    LibraryService(
                        library: library, scanner: LazyScanner(), time: parts.time, log: log,
                        onForget: { forgotten in
                            await tuner.forget(forgotten)
                            if !forgotten.runs.isEmpty { tuning.note(.tunerEnded) }
                        }),
                    ModelsService(generations: generations, tuner: tuner, room: room), tuning,
                ]
            } else {
                log.error("no library: neither XDG_DATA_HOME nor HOME names a folder")
                room = try EngineRoom(modelDirectory: model)
            }
            let daemon = Daemon(
                address: try address.map(BusAddress.init) ?? .session(), codec: codec, room: room,
                parts: parts)
            var quiet = log
            quiet.logLevel = .error
            try await ServiceGroup(
                configuration: .init(
                    services: [
                        .init(service: daemon, successTerminationBehavior: .gracefullyShutdownGroup),
                        .init(service: HangUps(daemon: daemon), successTerminationBehavior: .ignore),
                    ],
                    gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
            ).run()
            return 0
        } catch let error as BusError {
            log.critical("\(error)")
            return error.code == .system ? ExitCodes.osError : ExitCodes.unavailable
        } catch {
            log.critical("\(error)")
            return ExitCodes.osError
        }
    }

    /// Those of this process and of a worker, tried now.
    private static func allGuardsHold(_ codec: WorkerCodec) async -> Bool {
        let worker = await codec.guards().guards
        return !worker.isEmpty && worker.values.allSatisfy { $0 } && ProcessGuards.check().values.allSatisfy { $0 }
    }

    /// From sysexits.h.
    private enum ExitCodes {
        static let unavailable: Int32 = 69
        static let osError: Int32 = 71
    }
}

/// SIGHUP means to read the settings again.
private struct HangUps: Service {
    let daemon: Daemon

    func run() async {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            await daemon.reload()
        }
    }
}
