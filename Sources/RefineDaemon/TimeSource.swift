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

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
    }
}
