import BusTransport
import Foundation
import Logging
import Personalization
import RefineBus

/// Decides when to tune, drives the tuner, and serves the interface Personalization.
///
/// It looks when something tells of a change and, where nothing can tell, no more often than needed: every few seconds
/// while the tuner works, and otherwise when time itself changes something.
public actor TuningService: RootInterface {
    public nonisolated var interface: BusInterface { RefineInterfaces.personalization }

    /// Makes the sources once the bus is there: rows in the order in which they are asked. A row is not asked while
    /// something before it keeps from tuning.
    package typealias Sources = @Sendable (BusConnection) async -> [[any SurroundingsSource]]

    let library: any TuningLibrary
    /// Nil where nothing can be tuned.
    let tuner: (any TunerPort)?
    let archive: (any TuningArchive)?
    let time: TimeSource
    let calendar: @Sendable () -> Calendar
    let log: Logger
    private let makeSources: Sources
    var sources: [[any SurroundingsSource]] = []

    /// As the settings have it.
    private(set) var settings: TuningPolicy
    /// What the user has said over the bus, which counts more; nil where nothing was said.
    var ownSchedule: String?
    var inhibitors = Inhibitors()
    private(set) var machine = TuningMachine()
    var budget: TuningBudget
    /// Codes of what keeps from tuning, as of the last look.
    private(set) var reasons: [String] = []
    private(set) var progress: TuningProgress?
    /// Code of how the last run failed; nil where it did not.
    private(set) var failure: String?
    var jobs = 0
    var isModelReady = false
    var photos = PhotoCounts()
    var arePhotosCounted = false

    private(set) var bus: BusConnection?
    /// What was last told of properties, and when, in microseconds.
    var announced: [String: BusValue] = [:]
    var lastAnnouncement: UInt64 = 0
    private var timer: Task<Void, Never>?
    private let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private let (announcements, announcement) = AsyncStream.makeStream(
        of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private let (work, workSink) = AsyncStream.makeStream(of: Work.self)
    private let (activities, activitySink) = AsyncStream.makeStream(of: DaemonActivity.self)

    private enum Work {
        case action(TuningMachine.Action)
        /// All that was to be done before is done.
        case barrier(Int)
    }
    private var barriers: [Int: CheckedContinuation<Void, Never>] = [:]
    private var lastBarrier = 0
    private var isRunning = false

    package init(
        policy: TuningPolicy, library: any TuningLibrary, tuner: (any TunerPort)?, archive: (any TuningArchive)?,
        time: TimeSource, calendar: @escaping @Sendable () -> Calendar, log: Logger, sources: @escaping Sources
    ) {
        settings = policy
        self.library = library
        self.tuner = tuner
        self.archive = archive
        self.time = time
        self.calendar = calendar
        self.log = log
        makeSources = sources
        budget = TuningBudget(library, time, calendar)
    }

    /// What is in force.
    var policy: TuningPolicy {
        var policy = settings
        policy.schedule = ownSchedule ?? settings.schedule
        return policy
    }

    /// Takes settings that were read again.
    public func reconfigure(_ policy: TuningPolicy) async {
        settings = policy
        for source in sources.joined() { await source.adapt(to: policy) }
        lookSoon()
    }

    /// Tells of what other parts do. Never waits.
    public nonisolated func note(_ activity: DaemonActivity) { activitySink.yield(activity) }

    public func run(on bus: BusConnection) async {
        self.bus = bus
        isRunning = true
        remember()
        let sources = await makeSources(bus)
        self.sources = sources
        await withTaskGroup(of: Void.self) { group in
            for source in sources.joined() { group.addTask { await source.follow { self.wake.yield() } } }
            group.addTask { await self.library.follow { self.note(.photos) } }
            group.addTask { for await activity in self.activities { await self.take(activity) } }
            group.addTask { for await item in self.work { await self.perform(item) } }
            group.addTask { for await _ in self.announcements { await self.announce() } }
            if let tuner { group.addTask { for await event in tuner.events { await self.take(event) } } }
            group.addTask { for await _ in self.wakes { await self.look() } }
            wake.yield()
        }
        isRunning = false
        timer?.cancel()
        for number in barriers.keys { pass(number) }
        try? budget.count(false)
        // Of its own, because this task is cancelled: the checkpoint stays for the next time.
        if let tuner { await Task { await tuner.end() }.value }
    }

    /// What was said before the daemon was started anew.
    private func remember() {
        do {
            if try library.setting(Memory.paused) != nil { machine = TuningMachine(isPaused: true) }
            ownSchedule = try library.setting(Memory.schedule)
        } catch {
            log.warning("what was said about tuning is not known", metadata: ["error": "\(error)"])
        }
    }

    enum Memory {
        static let paused = "tuning.paused"
        static let schedule = "tuning.schedule"
    }

    // MARK: Looking

    private func look() async {
        guard machine.phase != .paused else {
            reasons = ["paused"]
            announcement.yield()
            return
        }
        let (found, isComplete) = await assess(isComplete: false)
        let obstacles = found.obstacles(isForced: machine.isForced)
        reasons = obstacles.map(\.condition.rawValue)
        if machine.phase == .waiting, obstacles.isEmpty, machine.notBefore > seconds { reasons.append("failed-before") }
        apply(.assessed(isAllowed: obstacles.isEmpty && isComplete))
        announcement.yield()
        lookAgain(after: delay(obstacles, isComplete))
    }

    /// Seconds of a clock that is never set and goes on while the machine sleeps.
    var seconds: Double { Double(time.boot()) / 1e6 }

    /// Seconds until something may be different without being told.
    private func delay(_ obstacles: [Assessment], _ isComplete: Bool) -> Double {
        let measured = Set(sources.dropFirst().joined().flatMap(\.conditions))
        let isMeasured = obstacles.contains { measured.contains($0.condition) }
        switch machine.phase {
        case .tuning, .judging: return 5
        case .held where isMeasured || isComplete: return 10
        case .held: return max(1, (machine.heldSince ?? seconds) + TuningMachine.longestHold - seconds)
        case .paused: return Self.longestDelay
        case .waiting: break
        }
        // What was measured, and too high, goes down without telling.
        guard !isMeasured else { return 30 }
        var delay = Self.longestDelay
        if machine.notBefore > seconds { delay = min(delay, machine.notBefore - seconds) }
        let now = Date(microseconds: time.now())
        let conditions = obstacles.map(\.condition)
        if conditions.contains(.schedule), let opening = policy.nextOpening(after: now, calendar()) {
            delay = min(delay, opening.timeIntervalSince(now))
        }
        if conditions.contains(.budget), let day = budget.nextDay { delay = min(delay, day.timeIntervalSince(now)) }
        return max(delay, 1)
    }

    /// The clock may be set, and a battery without UPower does not tell that it is used.
    private static let longestDelay = 600.0

    private func lookAgain(after seconds: Double) {
        timer?.cancel()
        timer = Task { [time, wake] in
            guard (try? await time.sleep(.milliseconds(Int64(seconds * 1000)))) != nil else { return }
            wake.yield()
        }
    }

    /// Looks as soon as what runs now is done.
    func lookSoon() { wake.yield() }

    // MARK: Events

    func apply(_ event: TuningMachine.Event) {
        for action in machine.handle(event, at: seconds) {
            if action == .announce {
                log.info("tuning", metadata: ["state": "\(machine.phase.rawValue)"])
                if machine.phase == .waiting || machine.phase == .paused { progress = nil }
                // A run that begins uses photos.
                arePhotosCounted = false
                announcement.yield()
            } else {
                workSink.yield(.action(action))
            }
        }
        if machine.phase != .tuning { progress?.stand() }
        do {
            try budget.count(machine.phase == .tuning || machine.phase == .judging)
        } catch {
            log.warning("the time of tuning was not written down", metadata: ["error": "\(error)"])
        }
    }

    private func take(_ activity: DaemonActivity) {
        switch activity {
        case .jobs(let count):
            jobs = count
            apply(.jobs(count))
        case .model(let isReady): isModelReady = isReady
        case .photos: arePhotosCounted = false
        case .tunerEnded: apply(.gone)
        }
        lookSoon()
    }

    private func take(_ event: TunerEvent) {
        switch event {
        case .progress(let step, let steps):
            let now = time.awake()
            var moved = progress ?? TuningProgress()
            moved.take(step, of: steps, at: now)
            progress = moved
            announcement.yield()
        case .tuned(let hasWeights):
            failure = nil
            apply(.tuned(hasWeights: hasWeights))
        case .died(let code): fail(code)
        }
        lookSoon()
    }

    private func fail(_ code: String) {
        log.warning("a tuning run failed", metadata: ["code": "\(code)"])
        failure = code
        apply(.died)
    }

    func forgetFailure() { failure = nil }

    private func perform(_ item: Work) async {
        if case .barrier(let number) = item { pass(number) }
        guard let tuner, case .action(let action) = item else { return }
        switch action {
        case .startTuner: await tuner.start()
        case .holdTuner: await tuner.hold()
        case .continueTuner: await tuner.proceed()
        case .endTuner: await tuner.end()
        case .dropCheckpoint: await tuner.dropCheckpoint()
        // Beside the others, which may have to hold or end it.
        case .judge: Task { decide(await tuner.judge()) }
        case .announce: break
        }
    }

    /// Returns when the tuner has done all that it was told so far, or the daemon stops.
    func untilDone() async {
        guard isRunning else { return }
        lastBarrier += 1
        let number = lastBarrier
        await withCheckedContinuation { continuation in
            barriers[number] = continuation
            workSink.yield(.barrier(number))
        }
    }

    private func pass(_ number: Int) { barriers.removeValue(forKey: number)?.resume() }

    private func decide(_ verdict: TuningVerdict) {
        switch verdict {
        case .adopted(let generation):
            log.info("tuned weights are in use", metadata: ["generation": "\(generation)"])
            apply(.judged)
        case .kept(let code):
            log.info("tuned weights were kept out", metadata: ["code": "\(code)"])
            apply(.judged)
        case .failed(let code): fail(code)
        case .postponed: break
        }
        lookSoon()
    }
}
