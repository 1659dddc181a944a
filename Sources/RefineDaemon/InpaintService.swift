import BusTransport
import Logging
import RefineBus

/// Takes jobs, works on them one after the other, and keeps their results for a while.
///
/// It knows nothing of messages: what callers are to be told comes out as ``notices``.
actor InpaintService {
    private let codec: any PhotoCodec
    private let room: EngineRoom
    private var limits: ServiceLimits
    private let time: TimeSource
    private let log: Logger
    /// Told at once, so that what trains in the background gives way.
    private let onActivity: @Sendable (DaemonActivity) -> Void
    private let noticeSink: AsyncStream<JobNotice>.Continuation
    private var book = JobBook()
    private var loading: Task<ModelStatus, Never>?
    private var running: (path: String, task: Task<Void, Never>, deadline: Task<Void, Never>)?
    /// Calls that wait for the model, by caller.
    private var waiting: [String: Int] = [:]
    private var modelWaiters: [AsyncStream<Void>.Continuation] = []
    private var isStopping = false

    /// For one reader.
    nonisolated let notices: AsyncStream<JobNotice>
    private(set) var model = ModelStatus.loading

    init(
        codec: any PhotoCodec, room: EngineRoom, limits: ServiceLimits, time: TimeSource, log: Logger,
        onActivity: @escaping @Sendable (DaemonActivity) -> Void = { _ in }
    ) {
        self.codec = codec
        self.room = room
        self.limits = limits
        self.time = time
        self.log = log
        self.onActivity = onActivity
        (notices, noticeSink) = AsyncStream.makeStream()
    }

    /// Loads the model; the second call waits for the first.
    @discardableResult
    func loadModel() async -> ModelStatus {
        if let loading { return await loading.value }
        let loading = Task { [room] () -> ModelStatus in
            do {
                return .ready(try await room.load())
            } catch let error as RefineError {
                return .missing(error)
            } catch {
                return .missing(RefineError(.noModel, "model", "not-loaded", "the model cannot be loaded: \(error)"))
            }
        }
        self.loading = loading
        model = await loading.value
        if case .ready = model { onActivity(.model(isReady: true)) } else { onActivity(.model(isReady: false)) }
        wakeModelWaiters()
        noticeSink.yield(.modelChanged)
        return model
    }

    /// Another model is in use from now on.
    func modelChanged(to info: EngineInfo) {
        model = .ready(info)
        noticeSink.yield(.modelChanged)
    }

    /// Returns when the model is there or not, or the daemon stops. Loading itself cannot be stopped.
    private func waitForModel() async {
        guard model == .loading, !isStopping else { return }
        Task { await loadModel() }
        let (stream, sink) = AsyncStream.makeStream(of: Void.self)
        modelWaiters.append(sink)
        for await _ in stream {}
    }

    private func wakeModelWaiters() {
        for waiter in modelWaiters { waiter.finish() }
        modelWaiters = []
    }

    var queueLength: Int { book.activeCount }

    /// Works with other limits from now on. Jobs that wait or run stay, and results wait for as long as they were to.
    func adopt(_ limits: ServiceLimits) {
        self.limits = limits
        for path in book.surplus(limits) { remove(path) }
    }

    /// Takes a job. Work begins after ``release(_:)``, when the caller has been told the path.
    ///
    /// - Parameters:
    ///   - member: `Inpaint` or `InpaintPixels`.
    ///   - arguments: those of the call; their signature was checked.
    ///   - caller: the unique name of the caller.
    /// - Returns: The job's object path.
    /// - Throws: `RefineError`.
    func admit(_ member: String, _ arguments: [BusValue], caller: String) async throws -> String {
        let options = try InpaintOptions(arguments.last ?? .options([:]))
        // Before the wait for the model: calls that wait hold descriptors.
        try checkRoom(for: caller)
        let source = try JobSource(member, arguments, options)
        waiting[caller, default: 0] += 1
        await waitForModel()
        waiting[caller] = waiting[caller].flatMap { $0 > 1 ? $0 - 1 : nil }
        guard !isStopping else {
            throw RefineError(.failed, "daemon", "stopping", "refined is stopping", remedy: "start it again")
        }
        let info: EngineInfo
        switch model {
        case .ready(let ready): info = ready
        case .missing(let error): throw error
        case .loading:
            throw RefineError(.noModel, "model", "loading", "the model is still loading", remedy: "try again")
        }
        try options.validate(for: info)
        let path = try newPath(options, caller)
        book[path] = Job(
            path: path, number: book.newNumber(), caller: caller, owner: caller, isDetached: options.detach,
            input: .init(
                source: source, request: FillRequest(options, model: info), compare: options.compare,
                preview: options.preview))
        onActivity(.jobs(book.activeCount))
        return path
    }

    private func checkRoom(for caller: String) throws(RefineError) {
        guard book.activeCount(of: caller) + (waiting[caller] ?? 0) < limits.queueLengthPerCaller else {
            throw RefineError(
                .busy, "queue", "full-for-caller",
                "\(limits.queueLengthPerCaller) jobs of this caller wait or run already",
                remedy: "try again when one of them has finished")
        }
        guard book.activeCount + waiting.values.reduce(0, +) < limits.queueLength else {
            throw RefineError(
                .busy, "queue", "full", "\(limits.queueLength) jobs wait or run already",
                remedy: "try again when one of them has finished")
        }
    }

    /// Lets an admitted job begin.
    func release(_ path: String) {
        guard var job = book[path], !job.isReleased else { return }
        job.isReleased = true
        book[path] = job
        if let owner = job.owner { noticeSink.yield(.added(path: path, job.machine.properties, to: owner)) }
        noticeSink.yield(.listed(job.summary))
        workOnNext()
    }

    /// Whether a caller may use a job: its owner always; another one where the job is detached.
    enum Access: Equatable { case owner, detached }

    /// - Throws: `RefineError` with code `notFound` or `notAllowed`.
    func access(to path: String, by caller: String) throws -> Access {
        guard let job = book[path] else {
            throw RefineError(
                .notFound, "job", "unknown", "there is no job at this path",
                remedy: "results wait ten minutes, and no longer than their caller stays, unless detach was given")
        }
        if job.owner == caller { return .owner }
        guard job.isDetached else {
            throw RefineError(
                .notAllowed, "job", "not-owner", "the job belongs to another connection",
                remedy: "use the connection that started it, or start it with detach")
        }
        return .detached
    }

    func properties(of path: String) -> JobProperties? { book[path]?.machine.properties }

    /// The jobs of a caller, oldest first.
    func jobs(of caller: String) -> [(path: String, properties: JobProperties)] {
        book.paths(of: caller).compactMap { path in book[path].map { (path, $0.machine.properties) } }
    }

    /// The jobs that wait or run, of all callers.
    var summaries: [JobSummary] { book.active.map(\.summary) }

    /// Ends a job that is known by its number only.
    ///
    /// - Throws: `RefineError` with code `notFound` for one that has ended or never was.
    func cancel(number: UInt32) throws(RefineError) {
        guard let job = book.active.first(where: { $0.number == number }) else {
            throw RefineError(
                .notFound, "job", "unknown", "no job \(number) waits or runs", remedy: "see refinectl jobs")
        }
        cancel(job.path)
    }

    /// The result of a finished job.
    ///
    /// - Throws: the `RefineError` that ended it, or one with code `notFound` while it runs.
    func result(of path: String) throws -> (images: [BusFileDescriptor], info: ResultInfo) {
        guard let job = book[path] else { throw RefineError(.notFound, "job", "unknown", "there is no such job") }
        if case .finished(let error?) = job.machine.phase { throw error }
        guard let result = job.result else {
            throw RefineError(
                .notFound, "job", "not-finished", "the job has no result yet", remedy: "wait for the signal Completed")
        }
        return (try result.images.map { try $0.file.reopenedForReading() }, result.info)
    }

    /// Ends a job within one step.
    func cancel(_ path: String) {
        apply(.cancel, to: path)
    }

    /// Ends what belongs to a caller that has left the bus.
    func callerVanished(_ caller: String) {
        for path in book.paths(of: caller) {
            book[path]?.owner = nil
            guard let job = book[path], !job.isDetached else { continue }
            if job.machine.isFinished { remove(path) } else { cancel(path) }
        }
    }

    /// Ends everything and returns when the work has stopped.
    func stop() async {
        isStopping = true
        wakeModelWaiters()
        let working = running?.task
        for path in book.jobs.keys.sorted() { cancel(path) }
        await working?.value
        noticeSink.finish()
    }

    // MARK: Work

    private func workOnNext() {
        guard running == nil, !isStopping, let job = book.next, let input = job.input else { return }
        let path = job.path
        book.noteStart(of: path)
        apply(.start, to: path)
        let task = Task {
            let pipeline = JobPipeline(codec: codec, room: room, time: time)
            do {
                let result = try await pipeline.run(input) { await self.apply($0, to: path) }
                self.keep(result, of: path)
            } catch {
                self.apply(.failed(Self.refined(error)), to: path)
            }
            self.running?.deadline.cancel()
            self.running = nil
            self.workOnNext()
            // Here, where nothing of the job is left.
            if self.running == nil { FreeMemory.giveBack() }
        }
        running = (path, task, watchDeadline(of: path))
    }

    /// Ends the job when it takes too long. Cancelled when it has ended.
    private func watchDeadline(of path: String) -> Task<Void, Never> {
        Task { [time, duration = limits.jobDuration] in
            do {
                try await time.sleepInPieces(duration)
                self.apply(.expire(Self.tooLong(duration)), to: path)
            } catch {
                // The job ended first.
            }
        }
    }

    private static func tooLong(_ duration: Duration) -> RefineError {
        RefineError(
            .failed, "job", "deadline", "the job took longer than \(duration.components.seconds / 60) minutes",
            remedy: "fill less at once, or with fewer steps")
    }

    private func keep(_ result: Job.Result, of path: String) {
        book[path]?.result = result
        apply(.succeeded, to: path)
    }

    private static func refined(_ error: any Error) -> RefineError {
        if let error = error as? RefineError { return error }
        if error is CancellationError { return JobMachine.cancelled }
        return RefineError(
            .failed, "engine", "failed", "the fill failed: \(error)", remedy: "see the log of refined")
    }

    private func apply(_ event: JobMachine.Event, to path: String) {
        guard let before = book[path] else { return }
        var job = before
        let actions = job.machine.handle(event, at: time.now())
        book[path] = job
        for action in actions { perform(action, on: job, before: before) }
    }

    private func perform(_ action: JobMachine.Action, on job: Job, before: Job) {
        switch action {
        case .stopWork:
            if running?.path == job.path { running?.task.cancel() }
        case .announce:
            let changes = job.machine.properties.changes(since: before.machine.properties)
            if let owner = job.owner, !changes.isEmpty {
                noticeSink.yield(.changed(path: job.path, changes, to: owner))
            }
            if job.isReleased, !changes.isEmpty { noticeSink.yield(.listed(job.summary)) }
        case .complete(let error):
            finish(job, error)
        }
    }

    private func finish(_ job: Job, _ error: RefineError?) {
        // Only codes: a log must not say anything about a photo.
        log.info("job finished", metadata: ["result": "\(error?.code.rawValue ?? "ok")"])
        onActivity(.jobs(book.activeCount))
        if let owner = job.owner { noticeSink.yield(.completed(path: job.path, error, to: owner)) }
        if job.isReleased { noticeSink.yield(.unlisted(job.number, error)) }
        // The descriptors of the input are of no more use.
        book[job.path]?.input = nil
        if job.owner == nil, !job.isDetached { return remove(job.path) }
        for path in book.surplus(limits) { remove(path) }
        guard book[job.path] != nil else { return }
        // The path alone: a timer that held the job would keep its photo for as long.
        book[job.path]?.expiry = Task { [time, retention = limits.retention, path = job.path] in
            do {
                try await time.sleepInPieces(retention)
                self.remove(path)
            } catch {
                // The job has gone; another one may have its path by now.
            }
        }
    }

    private func remove(_ path: String) {
        guard let job = book[path] else { return }
        job.expiry?.cancel()
        book[path] = nil
        if let owner = job.owner { noticeSink.yield(.removed(path: path, to: owner)) }
    }

    private func newPath(_ options: InpaintOptions, _ caller: String) throws -> String {
        guard let token = options.handleToken else {
            // 128 bits from the system's generator: a path that cannot be guessed.
            let digits = (0..<32).map { _ in String(Int.random(in: 0..<16), radix: 16) }
            return RefineNames.jobs + "/j" + digits.joined()
        }
        // As in desktop portals: the caller can work out the path before it calls.
        let sender = String(caller.dropFirst().map { $0 == "." ? "_" : $0 })
        let path = "\(RefineNames.jobs)/\(sender)/\(token)"
        guard book[path] == nil else {
            throw RefineError(
                .invalidArgument, "handle_token", "in-use", "another job of this caller has the token",
                remedy: "use each token once")
        }
        return path
    }
}
