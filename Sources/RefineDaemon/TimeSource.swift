import Glibc

/// The time, so that tests can bring their own.
public struct TimeSource: Sendable {
    /// Microseconds since 1970. Jumps when the clock is set.
    public var now: @Sendable () -> UInt64
    /// Microseconds since the machine's start. Never set.
    public var boot: @Sendable () -> UInt64
    /// The same without the time in which the machine slept.
    public var awake: @Sendable () -> UInt64
    /// Returns after a while, or throws when the task is cancelled.
    public var sleep: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - now: microseconds since 1970.
    ///   - boot: microseconds since the machine's start; `now` where not given.
    ///   - awake: the same without the time in which it slept; `now` where not given.
    ///   - sleep: returns after that time, or throws when its task is cancelled.
    public init(
        now: @escaping @Sendable () -> UInt64, boot: (@Sendable () -> UInt64)? = nil,
        awake: (@Sendable () -> UInt64)? = nil, sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.boot = boot ?? now
        self.awake = awake ?? now
        self.sleep = sleep
    }

    public static let system = TimeSource(
        now: { read(CLOCK_REALTIME) }, boot: { read(CLOCK_BOOTTIME) }, awake: { read(CLOCK_MONOTONIC) },
        sleep: { try await Task.sleep(for: $0) })

    /// Sleeps in pieces of at most half a minute. A sleep that is cancelled keeps 0.7 kB until its time has come, so what is
    /// cancelled nearly always, such as a deadline of half an hour for each of a flood of jobs, must not sleep for long.
    ///
    /// - Throws: when the task is cancelled.
    package func sleepInPieces(_ duration: Duration) async throws {
        let (seconds, attoseconds) = duration.components
        let end = boot() + UInt64(clamping: seconds) * 1_000_000 + UInt64(clamping: attoseconds / 1_000_000_000_000)
        while true {
            let now = boot()
            guard now < end else { return }
            try await sleep(min(.microseconds(Int64(clamping: end - now)), .seconds(30)))
        }
    }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
    }
}
