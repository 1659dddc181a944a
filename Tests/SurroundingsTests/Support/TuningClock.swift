import RefineDaemon
import TestSupport
import Synchronization

/// Clocks that stand still until the test moves them: the wall's, which can be set, and those of the machine.
final class TuningClock: Sendable {
    private struct State {
        /// Microseconds.
        var wall: UInt64
        var boot: UInt64 = 1_000_000_000
        var awake: UInt64 = 1_000_000_000
        var sleepers: [Int: (due: UInt64, wake: AsyncStream<Void>.Continuation)] = [:]
        var lastSleeper = 0
    }
    private let state: Mutex<State>

    /// - Parameter wall: seconds since 1970.
    init(wall: Double) { state = Mutex(State(wall: UInt64(wall * 1e6))) }

    var source: TimeSource {
        TimeSource(
            now: { self.state.withLock(\.wall) }, boot: { self.state.withLock(\.boot) },
            awake: { self.state.withLock(\.awake) },
            sleep: { duration in
                let (stream, wake) = AsyncStream.makeStream(of: Void.self)
                let (seconds, attoseconds) = duration.components
                let microseconds = UInt64(max(0, seconds)) * 1_000_000 + UInt64(max(0, attoseconds) / 1_000_000_000_000)
                let number = self.state.withLock {
                    $0.lastSleeper += 1
                    $0.sleepers[$0.lastSleeper] = ($0.awake + microseconds, wake)
                    return $0.lastSleeper
                }
                for await _ in stream {}
                self.state.withLock { $0.sleepers[number] = nil }
                try Task.checkCancellation()
            })
    }

    var now: Double { Double(state.withLock(\.wall)) / 1e6 }

    /// Seconds until each sleeper is due.
    var sleepers: [Double] {
        state.withLock { state in
            state.sleepers.values.map { (Double($0.due) - Double(state.awake)) / 1e6 }.sorted()
        }
    }

    func advance(by seconds: Double) {
        let due = state.withLock { state in
            let step = UInt64(seconds * 1e6)
            state.wall += step
            state.boot += step
            state.awake += step
            return state.sleepers.values.filter { $0.due <= state.awake }
        }
        for sleeper in due { sleeper.wake.finish() }
    }

    /// The machine sleeps: its clock of waking time stands still, and so do all who sleep.
    func suspend(for seconds: Double) {
        state.withLock {
            $0.wall += UInt64(seconds * 1e6)
            $0.boot += UInt64(seconds * 1e6)
        }
    }

    /// Somebody sets the clock on the wall.
    func set(wall seconds: Double) { state.withLock { $0.wall = UInt64(seconds * 1e6) } }
}

/// Waits until somebody sleeps for this long.
func eventually(_ clock: TuningClock, _ seconds: Double) async throws {
    try await eventually("a sleep of \(seconds) s, not \(clock.sleepers)") {
        clock.sleepers.contains { abs($0 - seconds) < 0.001 }
    }
}
