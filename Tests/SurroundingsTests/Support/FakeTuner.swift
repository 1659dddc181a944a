import Foundation
import Personalization
import RefineDaemon
import Synchronization

/// A tuner that does nothing but write down what it was told.
final class FakeTuner: TunerPort, TuningArchive {
    private struct State {
        var told: [String] = []
        var verdict: AsyncStream<TuningVerdict>.Continuation?
        var records: [TuningRecord] = []
        var parents = ["personal-1", "base-2"]
    }
    private let state = Mutex(State())
    let events: AsyncStream<TunerEvent>
    private let sink: AsyncStream<TunerEvent>.Continuation

    init() { (events, sink) = AsyncStream.makeStream() }

    /// In the order of the calls.
    var told: [String] { state.withLock(\.told) }

    private func note(_ call: String) { state.withLock { $0.told.append(call) } }

    func send(_ event: TunerEvent) { sink.yield(event) }

    /// Ends the judging that is under way.
    func decide(_ verdict: TuningVerdict) {
        state.withLock {
            $0.verdict?.yield(verdict)
            $0.verdict?.finish()
            $0.verdict = nil
        }
    }

    func add(_ record: TuningRecord) { state.withLock { $0.records.insert(record, at: 0) } }

    func start() async { note("start") }
    func hold() async { note("hold") }
    func proceed() async { note("proceed") }
    func end() async {
        note("end")
        decide(.postponed)
    }
    func dropCheckpoint() async { note("drop") }
    func judge() async -> TuningVerdict {
        let (verdicts, sink) = AsyncStream.makeStream(of: TuningVerdict.self)
        state.withLock { $0.verdict = sink }
        note("judge")
        for await verdict in verdicts { return verdict }
        return .postponed
    }
    func usage() async -> TunerUsage { TunerUsage() }

    func history(limit: Int) async throws -> [TuningRecord] { Array(state.withLock(\.records).prefix(limit)) }
    func rollback() async throws -> String {
        note("rollback")
        guard let parent = state.withLock({ $0.parents.isEmpty ? nil : $0.parents.removeFirst() }) else {
            throw TuningArchiveError.nothingToRollBack
        }
        return parent
    }
    func reset() async throws { note("reset") }
}

/// What is remembered, over restarts of the service.
final class FakeLibrary: TuningLibrary {
    private struct State {
        var counts = PhotoCounts(training: 100, heldOut: 20, unseen: 100)
        var settings: [String: String] = [:]
        var used: [String: Double] = [:]
        var isFull = false
    }
    private let state = Mutex(State())

    /// Whether there is no room to write a used second down.
    func fill(_ isFull: Bool) { state.withLock { $0.isFull = isFull } }

    func set(_ counts: PhotoCounts) { state.withLock { $0.counts = counts } }

    func follow(_ changed: @escaping @Sendable () -> Void) async {}
    func counts() throws -> PhotoCounts { state.withLock(\.counts) }
    func setting(_ name: String) throws -> String? { state.withLock { $0.settings[name] } }
    func set(_ name: String, _ value: String?) throws { state.withLock { $0.settings[name] = value } }
    func usedSeconds(on day: String) throws -> Double { state.withLock { $0.used[day] ?? 0 } }
    func addUsedSeconds(_ seconds: Double, on day: String) throws {
        try state.withLock {
            guard !$0.isFull else { throw POSIXError(.ENOSPC) }
            $0.used[day, default: 0] += seconds
        }
    }
}

/// A source that says what the test says.
final class FakeSource: SurroundingsSource {
    let conditions: Set<Condition>
    private struct State {
        var surroundings = Surroundings()
        var changed: (@Sendable () -> Void)?
        var reads = 0
    }
    private let state: Mutex<State>

    /// A desktop at rest.
    init(_ conditions: Set<Condition>) {
        self.conditions = conditions
        var now = Surroundings()
        now.idle = .known(UserIdleness(seconds: 3600, source: "test"))
        (now.power, now.powerProfile, now.temperature) = (.absent, .absent, .absent)
        (now.load, now.memoryPressure) = (.known(0), .known(0))
        (now.freeDisk, now.guardsHold) = (.known(100 << 30), .known(true))
        state = Mutex(State(surroundings: now))
    }

    var reads: Int { state.withLock(\.reads) }

    /// Changes what is so, and tells of it as real sources do.
    func set(isTold: Bool = true, _ change: (inout Surroundings) -> Void) {
        let changed = state.withLock {
            change(&$0.surroundings)
            return $0.changed
        }
        if isTold { changed?() }
    }

    func follow(_ changed: @escaping @Sendable () -> Void) async {
        state.withLock { $0.changed = changed }
        let (never, end) = AsyncStream.makeStream(of: Void.self)
        await withTaskCancellationHandler {
            for await _ in never {}
        } onCancel: {
            end.finish()
        }
    }

    func read(into now: inout Surroundings) async {
        let found = state.withLock {
            $0.reads += 1
            return $0.surroundings
        }
        for condition in conditions {
            switch condition {
            case .idle: now.idle = found.idle
            case .power, .charge: now.power = found.power
            case .powerProfile: now.powerProfile = found.powerProfile
            case .load: now.load = found.load
            case .memory: now.memoryPressure = found.memoryPressure
            case .temperature: now.temperature = found.temperature
            case .disk: now.freeDisk = found.freeDisk
            case .privacy: now.guardsHold = found.guardsHold
            case .inhibitors: now.inhibitors += found.inhibitors
            default: break
            }
        }
    }
}
