/// The life of background tuning, without the work: an enum of phases and one pure transition that says what to do.
///
/// ```
/// waiting ─allowed→ tuning ⇄ held ─too long→ waiting (the run goes on later from its checkpoint)
///    ▲                 └─tuned→ judging ⇄ held
///    │                             └─judged→ waiting
///    └──resume── paused ◄──pause── any
/// ```
public struct TuningMachine: Sendable, Equatable {
    public enum Phase: String, Sendable {
        /// Nothing runs; some condition is not met, or nothing is to be learnt.
        case waiting
        /// The tuner works.
        case tuning
        /// The tuner, or what judges its weights, is stopped in place, and its memory kept, because it may soon go on.
        case held
        /// The tuned weights are compared with those in use.
        case judging
        /// The user wants quiet.
        case paused
    }

    public enum Event: Sendable, Equatable {
        /// The conditions were looked at.
        case assessed(isAllowed: Bool)
        /// A fill has come or the last one has gone; told at once, not with the next look.
        case jobs(Int)
        case start
        case pause
        case resume
        /// The tuner has ended by itself: with weights to judge, or without.
        case tuned(hasWeights: Bool)
        /// It was decided about the weights.
        case judged
        /// The tuner, or what judged its weights, crashed, was killed or could not do its work.
        case died
        /// Another part of the daemon has ended the tuner, because of what it knew.
        case gone
        /// All of this begins anew: what was being learnt is thrown away.
        case reset
    }

    /// What the owner of the machine has to do, in this order.
    public enum Action: Sendable, Equatable {
        /// Start the tuner, from its last checkpoint where there is one.
        case startTuner
        /// SIGSTOP.
        case holdTuner
        /// SIGCONT.
        case continueTuner
        /// End it; its last checkpoint stays.
        case endTuner
        /// Throw its checkpoint away.
        case dropCheckpoint
        case judge
        /// The state is new.
        case announce
    }

    public private(set) var phase = Phase.waiting
    /// The user said "start now": what is only convenience does not count.
    public private(set) var isForced = false
    /// When the tuner was held; nil while it is not.
    public private(set) var heldSince: Double?
    /// When a new run may start at the earliest, after one that failed.
    public private(set) var notBefore = -Double.infinity
    /// What is held: tuning or judging.
    private var heldPhase = Phase.tuning
    private var failures = 0
    private var jobs = 0
    private var isAllowed = false

    /// Seconds after which a held tuner gives back its memory.
    public static let longestHold = 300.0

    public init(isPaused: Bool = false) {
        if isPaused { phase = .paused }
    }

    /// Takes an event. Events that do not fit the phase change nothing.
    ///
    /// - Parameters:
    ///   - event: what happened.
    ///   - now: seconds of a clock that is never set and goes on while the machine sleeps.
    public mutating func handle(_ event: Event, at now: Double) -> [Action] {
        let before = phase
        var actions = step(event, at: now)
        if phase != before { actions.append(.announce) }
        heldSince = phase == .held ? heldSince ?? now : nil
        return actions
    }

    private mutating func step(_ event: Event, at now: Double) -> [Action] {
        switch event {
        case .assessed(let allowed):
            isAllowed = allowed
            return move(at: now)
        case .jobs(let count):
            jobs = count
            return move(at: now)
        case .start:
            isForced = true
            notBefore = -.infinity
            if phase == .paused { phase = .waiting }
            return move(at: now)
        case .pause:
            noLongerForced()
            // Nobody looks during a pause.
            isAllowed = false
            let hadTuner = hasTuner
            phase = .paused
            return hadTuner ? [.endTuner] : []
        case .resume:
            if phase == .paused { phase = .waiting }
            return move(at: now)
        case .tuned(let hasWeights):
            guard isTuning else { return [] }
            guard hasWeights else {
                finish()
                return []
            }
            phase = .judging
            // One that ended just as it was being held is held again.
            return [.judge] + move(at: now)
        case .judged:
            if isJudging { finish() }
            return []
        case .died:
            guard hasTuner else { return [] }
            failures += 1
            noLongerForced()
            // 1, 2, 4... minutes, at most a day: a tuner that cannot run must not be started forever.
            notBefore = now + min(60 * Double(1 << min(failures - 1, 11)), 86400)
            phase = .waiting
            return failures >= 5 ? [.dropCheckpoint] : []
        case .gone:
            if hasTuner { phase = .waiting }
            return []
        case .reset:
            let hadTuner = hasTuner
            noLongerForced()
            failures = 0
            notBefore = -.infinity
            if phase != .paused { phase = .waiting }
            return (hadTuner ? [.endTuner] : []) + [.dropCheckpoint]
        }
    }

    private mutating func finish() {
        failures = 0
        noLongerForced()
        phase = .waiting
    }

    /// What was found with less asked for does not count any more: the next look decides.
    private mutating func noLongerForced() {
        if isForced { isAllowed = false }
        isForced = false
    }

    private var isTuning: Bool { phase == .tuning || (phase == .held && heldPhase == .tuning) }
    private var isJudging: Bool { phase == .judging || (phase == .held && heldPhase == .judging) }
    private var hasTuner: Bool { isTuning || isJudging }

    private mutating func move(at now: Double) -> [Action] {
        let mayRun = isAllowed && jobs == 0
        switch phase {
        case .waiting where mayRun && now >= notBefore:
            phase = .tuning
            return [.startTuner]
        case .tuning where !mayRun, .judging where !mayRun:
            heldPhase = phase
            phase = .held
            return [.holdTuner]
        case .held where mayRun:
            phase = heldPhase
            return [.continueTuner]
        case .held where now - (heldSince ?? now) >= Self.longestHold:
            phase = .waiting
            return [.endTuner]
        default: return []
        }
    }
}
