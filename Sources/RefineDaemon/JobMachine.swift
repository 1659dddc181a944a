import RefineBus

/// The life of one job, without the work: an enum of phases and one pure transition that says what to do next.
///
/// ```
/// queued ─start→ decoding ─decoded→ filling ─filled→ encoding ─succeeded→ finished
///    └────────────┴──failed, cancel, expire (after the work has stopped)──────────────┘
/// ```
struct JobMachine: Sendable, Equatable {
    enum Phase: Sendable, Equatable {
        case queued
        case decoding
        case filling(stage: String, completed: Int, total: Int)
        case encoding
        case finished(RefineError?)
    }

    enum Event: Sendable, Equatable {
        case start
        case decoded(totalSteps: Int)
        case stepped(stage: String, completed: Int, total: Int)
        case filled
        case succeeded
        case failed(RefineError)
        case cancel
        /// It takes longer than a job may.
        case expire(RefineError)
    }

    /// What the owner of the machine has to do, in this order.
    enum Action: Sendable, Equatable {
        /// The work must end; `failed` follows when it has.
        case stopWork
        /// The properties are new.
        case announce
        /// The job is over; the error is nil for success.
        case complete(RefineError?)
    }

    private(set) var phase = Phase.queued
    /// Why the work is to stop; the error of the job once it has.
    private(set) var stopReason: RefineError?
    private(set) var startTime: UInt64 = 0
    private(set) var fillTime: UInt64 = 0
    private(set) var expectedEndTime: UInt64 = 0

    static let cancelled = RefineError(.cancelled, "job", "cancelled", "the job was cancelled")

    var isFinished: Bool {
        if case .finished = phase { true } else { false }
    }

    /// Takes `event` at `now` (microseconds since 1970). Events that do not fit the phase change nothing: the end of a
    /// job and the last report of its work may cross.
    mutating func handle(_ event: Event, at now: UInt64) -> [Action] {
        switch (phase, event) {
        case (.queued, .start):
            startTime = now
            phase = .decoding
            return [.announce]
        case (.decoding, .decoded(let total)):
            fillTime = now
            phase = .filling(stage: "prefill", completed: 0, total: total)
            return [.announce]
        case (.filling, .stepped(let stage, let completed, let total)):
            phase = .filling(stage: stage, completed: completed, total: total)
            // The work is steps of about equal length; what comes before and after is short.
            if completed > 0 { expectedEndTime = fillTime + (now - fillTime) * UInt64(total) / UInt64(completed) }
            return [.announce]
        case (.filling, .filled):
            phase = .encoding
            return [.announce]
        case (.encoding, .succeeded):
            return finish(nil, at: now)
        case (.finished, _):
            return []
        case (_, .cancel):
            return stop(Self.cancelled, at: now)
        case (_, .expire(let error)):
            return stop(error, at: now)
        case (_, .failed(let error)):
            return finish(stopReason ?? error, at: now)
        default:
            return []
        }
    }

    private mutating func stop(_ error: RefineError, at now: UInt64) -> [Action] {
        guard phase != .queued else { return finish(error, at: now) }
        guard stopReason == nil else { return [] }
        stopReason = error
        return [.stopWork, .announce]
    }

    private mutating func finish(_ error: RefineError?, at now: UInt64) -> [Action] {
        phase = .finished(error)
        expectedEndTime = now
        return [.announce, .complete(error)]
    }

    /// The properties as the bus shows them. Decoding and encoding count as a twentieth each.
    var properties: JobProperties {
        var properties = JobProperties()
        properties.startTime = startTime
        properties.expectedEndTime = expectedEndTime
        properties.cancelable = stopReason == nil
        properties.progressValid = true
        switch phase {
        case .queued:
            properties.progressValid = false
        case .decoding:
            properties.stage = "decode"
        case .filling(let stage, let completed, let total):
            properties.stage = stage
            properties.progress = (1 + 18 * Double(completed) / Double(max(total, 1))) / 20
        case .encoding:
            properties.stage = "encode"
            properties.progress = 19.0 / 20
        case .finished(let error):
            properties.stage = "done"
            properties.progress = error == nil ? 1 : 0
            properties.progressValid = error == nil
            properties.cancelable = false
        }
        return properties
    }
}
