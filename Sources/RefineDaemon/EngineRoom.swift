import RefineBus

/// Owns the model and the fill that runs, on one thread of its own.
///
/// Each call is one hop to that thread and one piece of work there, so that between two pieces a job can be stopped.
public actor EngineRoom {
    /// Makes the engine, on the engine's thread.
    public typealias Loader = @Sendable () throws -> any FillEngine

    /// How far a fill has come.
    public struct Report: Sendable, Equatable {
        public var stage: String
        public var completedSteps: Int
        public var totalSteps: Int
        public var isMoreLeft: Bool
    }

    /// A model that a job has taken for as long as it lasts: all of its fills are made with the same weights, whatever
    /// is put in use meanwhile.
    public struct Lease: Sendable {
        public let info: EngineInfo
        fileprivate let number: UInt64
    }

    private let thread: EngineThread
    private let loader: Loader
    private var engine: (any FillEngine)?
    private var run: (any FillRun)?
    private var leased: [UInt64: any FillEngine] = [:]
    private var lastLease: UInt64 = 0
    /// Models that were put in use after the first one. For one reader.
    public nonisolated let changes: AsyncStream<EngineInfo>
    private let changeSink: AsyncStream<EngineInfo>.Continuation

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// - Throws: `EngineThreadError`.
    public init(_ loader: @escaping Loader) throws {
        thread = try EngineThread()
        self.loader = loader
        (changes, changeSink) = AsyncStream.makeStream()
    }

    /// Loads the model, once.
    ///
    /// - Throws: `RefineError` with code `noModel`.
    public func load() throws -> EngineInfo {
        if let engine { return engine.info }
        let engine = try made()
        self.engine = engine
        return engine.info
    }

    /// Loads what is to be used from now on. Jobs that have begun go on with what they have.
    ///
    /// - Throws: `RefineError` with code `noModel`; the model in use stays.
    public func reload() throws -> EngineInfo {
        let engine = try made()
        let isNew = engine.info != self.engine?.info
        self.engine = engine
        if isNew { changeSink.yield(engine.info) }
        return engine.info
    }

    private func made() throws -> any FillEngine {
        do {
            return try loader()
        } catch let error as RefineError {
            throw error
        } catch {
            throw RefineError(
                .noModel, "model", "not-loaded", "the model cannot be loaded: \(error)",
                remedy: "check the folder given with --model and restart refined")
        }
    }

    /// Takes the model in use for a job.
    public func lease() throws -> Lease {
        _ = try load()
        guard let engine else {
            throw RefineError(.noModel, "model", "not-loaded", "there is no model", remedy: "see refinectl status")
        }
        lastLease += 1
        leased[lastLease] = engine
        return Lease(info: engine.info, number: lastLease)
    }

    /// The job is over; a model that nobody uses any more goes.
    public func release(_ lease: Lease) { leased[lease.number] = nil }

    /// Prepares a fill. One runs at a time: an earlier one is dropped.
    public func begin(_ photo: RawPhoto, _ request: FillRequest, with lease: Lease) throws -> Report {
        guard let engine = leased[lease.number] else {
            throw RefineError(.failed, "engine", "no-lease", "the job has no model any more")
        }
        let run = try engine.begin(photo, request)
        self.run = run
        return report(run, isMoreLeft: true)
    }

    /// One piece of work.
    public func advance() throws -> Report {
        let run = try current()
        let isMoreLeft = try run.advance()
        return report(run, isMoreLeft: isMoreLeft)
    }

    /// The pixels, and the end of the fill.
    public func finish() throws -> FillOutcome {
        let run = try current()
        self.run = nil
        return try run.finish()
    }

    /// A short piece of work for later fills.
    ///
    /// - Returns: whether more is left; nil where a fill has the engine, and nothing was done.
    public func prepareFurther() -> Bool? {
        guard run == nil, let engine else { return nil }
        return engine.prepareFurther()
    }

    /// Drops the fill that runs, if any.
    public func abandon() {
        run = nil
    }

    private func current() throws -> any FillRun {
        guard let run else { throw RefineError(.failed, "engine", "no-run", "there is no fill to go on with") }
        return run
    }

    private func report(_ run: any FillRun, isMoreLeft: Bool) -> Report {
        Report(
            stage: run.stage, completedSteps: run.completedSteps, totalSteps: run.totalSteps, isMoreLeft: isMoreLeft)
    }
}
