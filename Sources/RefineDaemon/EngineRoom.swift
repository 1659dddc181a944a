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

    private let thread: EngineThread
    private let loader: Loader
    private var engine: (any FillEngine)?
    private var run: (any FillRun)?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// - Throws: `EngineThreadError`.
    public init(_ loader: @escaping Loader) throws {
        thread = try EngineThread()
        self.loader = loader
    }

    /// Loads the model, once.
    ///
    /// - Throws: `RefineError` with code `noModel`.
    public func load() throws -> EngineInfo {
        if let engine { return engine.info }
        do {
            let engine = try loader()
            self.engine = engine
            return engine.info
        } catch let error as RefineError {
            throw error
        } catch {
            throw RefineError(
                .noModel, "model", "not-loaded", "the model cannot be loaded: \(error)",
                remedy: "check the folder given with --model and restart refined")
        }
    }

    /// Prepares a fill. One runs at a time: an earlier one is dropped.
    public func begin(_ photo: RawPhoto, _ request: FillRequest) throws -> Report {
        guard let engine else {
            throw RefineError(.noModel, "model", "not-loaded", "there is no model", remedy: "see refinectl status")
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
