import BusTransport
import Glibc
import ImageLibrary
import Logging
import Personalization
import RefineBus
import WorkerProtocol

/// Learns the user's photos: runs the tuner process, has its weights judged, and puts those in use that the gate adopts.
///
/// When to do it is decided elsewhere (`TuningMachine`); this is what that decision drives. Everything that must outlast
/// a crash is in rows and folders: the run and its photos before the process sees them, checkpoints, and the weights
/// that wait to be judged.
public actor PersonalTuner: TunerPort {
    public nonisolated let events: AsyncStream<TunerEvent>
    let sink: AsyncStream<TunerEvent>.Continuation
    let generations: GenerationStore
    let room: EngineRoom
    let log: Logger
    private let sampler: any PhotoSampler
    private let limits: TuneLimits
    private let size: TuneSize
    private var bus: BusConnection?
    private var session: (run: Int64, process: TunerSession, following: Task<Void, Never>)?
    /// Ends a judgement early; nil while none is under way.
    private var judging: TunerSession?
    private var isPostponed = false

    /// Photos of a run and of a judgement at most.
    static let mostPhotos = 256, mostHeldOut = 64

    /// - Parameters:
    ///   - generations: where weights go that were adopted.
    ///   - room: takes new weights in use.
    ///   - sampler: decodes photos for the tuner.
    ///   - limits: of the tuner's process.
    ///   - size: less than what the recipe says, for tests.
    ///   - log: is told how runs end.
    public init(
        generations: GenerationStore, room: EngineRoom, sampler: any PhotoSampler,
        limits: TuneLimits = TuneLimits(threads: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))),
        size: TuneSize = TuneSize(), log: Logger
    ) {
        self.generations = generations
        self.room = room
        self.sampler = sampler
        self.limits = limits
        self.size = size
        self.log = log
        (events, sink) = AsyncStream.makeStream()
    }

    /// The bus on which the user's systemd may be.
    public func attach(_ bus: BusConnection) { self.bus = bus }

    // MARK: Training

    public func start() async {
        guard session == nil else { return }
        do {
            let (run, photos) = try prepare()
            if run.state == .tuned {
                // Judging was put off: it goes on there.
                sink.yield(.tuned(hasWeights: true))
                return
            }
            guard let card = generations.baseCard else { return died("model-unsupported") }
            let order = TrainOrder(
                run: generations.folder(ofRun: run.id), base: generations.base,
                parent: run.parent == card.generation ? generations.base : generations.folder(of: run.parent),
                generation: run.generation, seed: run.seed, size: size,
                provenance: [
                    "method": "tuned on the photos of its user", "base": card.generation, "parent": run.parent,
                    "run": String(run.id),
                ])
            try PrivateFolder.make("\(generations.library.folder)/runs")
            try PrivateFolder.make(order.run)
            try await launch(run, .train(order), photos)
        } catch let error as WorkerError {
            died(error.reason)
        } catch let error as LibraryError {
            died(error.code.rawValue)
        } catch {
            died("unexpected")
        }
    }

    /// The run to go on with, or a new one.
    private func prepare() throws -> (RunRecord, [ImageRecord]) {
        let store = try generations.library.store()
        let parent = try parentGeneration(store)
        if let run = try store.currentRun() {
            let photos = try store.photos(withContent: store.photos(ofRun: run.id, .train))
            // One that began with other weights than those in use now would take its user's choice back.
            if run.parent == parent, run.state == .tuned || !photos.isEmpty { return (run, photos) }
            try giveUp(run, "superseded")
        }
        let photos = try store.tuningPhotos(.train, limit: Self.mostPhotos)
        let run = try store.beginRun(
            parent: parent, seed: UInt64.random(in: 0...UInt64(Int64.max)),
            photos: photos.compactMap(\.facts?.contentHash))
        return (run, photos)
    }

    /// What is in use, by the name of its generation.
    private func parentGeneration(_ store: LibraryStore) throws -> String {
        if let id = generations.current().generation { return id }
        return generations.baseCard?.generation ?? ""
    }

    private func launch(_ run: RunRecord, _ task: TuneTask, _ photos: [ImageRecord]) async throws {
        let process = try TunerSession(task, limits, photos: photos, sampler: sampler)
        let following = Task { await self.follow(process, run) }
        session = (run.id, process, following)
        await makeScope(process)
        log.info("tuning", metadata: ["generation": "\(run.generation)", "photos": "\(photos.count)"])
    }

    private func makeScope(_ process: TunerSession) async {
        guard let bus else { return }
        _ = await TunerScope.make(around: process.worker.processID, on: bus)
    }

    /// Takes what the process says until it is gone.
    private func follow(_ process: TunerSession, _ run: RunRecord) async {
        var last: TunerEvent?
        for await event in process.worker.events {
            switch event {
            case .ready(let report):
                if let name = report.sandbox.failedGuard {
                    log.error("the tuner's sandbox does not hold", metadata: ["guard": "\(name)"])
                    last = .died(code: "sandbox")
                    process.end()
                }
                note(run, steps: 0, plan: report.plan)
            case .progress(let step, let steps):
                if step % 10 == 0 { note(run, steps: step) }
                sink.yield(.progress(step: step, steps: steps))
            case .trained(let steps):
                note(run, steps: steps)
                last = tuned(run)
            case .failed(let error): last = failed(run, error)
            case .judged: break
            case .ended(let died): if died, last == nil { last = .died(code: "killed") }
            }
        }
        let wasEnded = session?.process !== process
        if !wasEnded { session = nil }
        // One that was told to end has nothing to say.
        if let last, !wasEnded { sink.yield(last) }
    }

    private func note(_ run: RunRecord, steps: Int, plan: String? = nil) {
        try? generations.library.store().note(run: run.id, steps: steps, plan: plan)
    }

    private func tuned(_ run: RunRecord) -> TunerEvent {
        do {
            let store = try generations.library.store()
            let heldOut = try store.tuningPhotos(.heldOut, limit: Self.mostHeldOut)
            try store.noteTuned(run: run.id, heldOut: heldOut.compactMap(\.facts?.contentHash))
            return .tuned(hasWeights: true)
        } catch {
            // Forgotten meanwhile, or a full disk: the files say what is to be done next time.
            return .died(code: (error as? LibraryError)?.code.rawValue ?? "unexpected")
        }
    }

    private func failed(_ run: RunRecord, _ error: WorkerError) -> TunerEvent {
        log.error("tuning failed", metadata: ["reason": "\(error.reason)"])
        switch error.reason {
        case "not-finite":
            try? giveUp(run, error.reason)
            return .tuned(hasWeights: false)
        case let reason where reason.hasPrefix("model-"):
            // A damaged checkpoint, or a model that is no more: nothing to go on with.
            try? giveUp(run, reason)
            return .died(code: reason)
        default: return .died(code: error.reason)
        }
    }

    private func died(_ code: String) {
        log.error("the tuner cannot run", metadata: ["reason": "\(code)"])
        sink.yield(.died(code: code))
    }

    /// Ends a run without weights, and removes its files.
    private func giveUp(_ run: RunRecord, _ reason: String) throws {
        try generations.library.store().endRun(
            run.id, .failed, RunJudgement(verdict: reason), releasesPhotos: reason != "not-finite")
        generations.removeFiles(ofRun: run.id)
    }

    // MARK: Holding and ending

    public func hold() {
        session?.process.worker.hold()
        judging?.worker.hold()
    }

    public func proceed() {
        session?.process.worker.proceed()
        judging?.worker.proceed()
    }

    public func end() async {
        if let judging {
            isPostponed = true
            judging.end()
        }
        guard let session else { return }
        self.session = nil
        session.process.end()
        await session.following.value
    }

    public func dropCheckpoint() async {
        await end()
        guard let run = try? generations.library.store().currentRun() else { return }
        try? giveUp(run, "dropped")
    }

    public func usage() -> TunerUsage {
        guard let process = session?.process ?? judging else { return TunerUsage() }
        return TunerUsage(
            processorSeconds: process.worker.processorSeconds,
            memoryStallSeconds: TunerScope.memoryStallSeconds(of: process.worker.processID))
    }

    // MARK: Judging

    public func judge() async -> TuningVerdict {
        do {
            let store = try generations.library.store()
            guard let run = try store.currentRun(), run.state == .tuned else { return .failed(code: "no-weights") }
            let heldOut = try store.photos(withContent: store.photos(ofRun: run.id, .heldOut))
            guard let figures = try await figures(run, heldOut) else {
                return isPostponed ? .postponed : .failed(code: "killed")
            }
            let judgement = GenerationJudge.judge(figures, earlier: try store.judgementCount())
            return try await conclude(run, judgement, store)
        } catch let error as WorkerError {
            log.error("tuned weights cannot be judged", metadata: ["reason": "\(error.reason)"])
            return .failed(code: error.reason)
        } catch let error as LibraryError {
            log.error("tuned weights cannot be judged", metadata: ["reason": "\(error.code.rawValue)"])
            return .failed(code: error.code.rawValue)
        } catch {
            return .failed(code: "unexpected")
        }
    }

    /// nil where the process ended without an answer.
    private func figures(_ run: RunRecord, _ photos: [ImageRecord]) async throws -> JudgeFigures? {
        isPostponed = false
        let order = JudgeOrder(
            candidate: TrainOrder.export(ofRun: generations.folder(ofRun: run.id)),
            current: generations.current().folder, base: generations.base, seed: GenerationJudge.seed, size: size)
        let process = try TunerSession(.judge(order), limits, photos: photos, sampler: sampler)
        judging = process
        defer { judging = nil }
        await makeScope(process)
        var answer: JudgeFigures?
        for await event in process.worker.events {
            switch event {
            case .judged(let figures): answer = figures
            case .failed(let error): throw error
            case .ready(let report):
                guard report.sandbox.failedGuard == nil else { throw WorkerError.unsafeTuner }
            case .progress, .trained, .ended: break
            }
        }
        return isPostponed ? nil : answer
    }

    private func conclude(
        _ run: RunRecord, _ judgement: RunJudgement, _ store: LibraryStore
    ) async throws -> TuningVerdict {
        let numbers: Logger.Metadata = [
            "generation": "\(run.generation)", "verdict": "\(judgement.verdict)", "gain": "\(judgement.gain)",
            "bound": "\(judgement.lowerBound)", "canary": "\(judgement.canaryGain)", "photos": "\(judgement.photos)",
        ]
        guard judgement.verdict == AdoptionGate.Verdict.adopted.rawValue else {
            try store.endRun(run.id, .kept, judgement, releasesPhotos: false)
            generations.removeFiles(ofRun: run.id)
            log.notice("tuned weights are not better: kept out", metadata: numbers)
            return .kept(code: judgement.verdict)
        }
        try generations.publish(
            run, export: TrainOrder.export(ofRun: generations.folder(ofRun: run.id)), judgement)
        log.notice("tuned weights are better: in use from now on", metadata: numbers)
        await swap()
        return .adopted(generation: run.generation)
    }

    /// Takes the model in use that the rows name. What runs goes on with the old one.
    func swap() async {
        do {
            _ = try await room.reload()
        } catch {
            log.error("the model cannot be changed", metadata: ["error": "\(error)"])
        }
    }
}

extension SandboxReport {
    /// A guard that does not hold, other than Landlock, which old kernels have not got.
    var failedGuard: String? {
        guards.filter { !$0.value && !($0.key == "landlock" && landlock.abi == 0) }.keys.min()
    }
}

extension WorkerError {
    static let unsafeTuner = WorkerError(
        .failed, argument: "worker", reason: "sandbox",
        message: "The tuner's sandbox does not hold. Photos are not given to it.")
}
