import Glibc

/// The time, so that tests can bring their own.
public struct TimeSource: Sendable {
    /// Microseconds since 1970.
    public var now: @Sendable () -> UInt64
    /// Returns after a while, or throws when the task is cancelled.
    public var sleep: @Sendable (Duration) async throws -> Void

    public init(now: @escaping @Sendable () -> UInt64, sleep: @escaping @Sendable (Duration) async throws -> Void) {
        self.now = now
        self.sleep = sleep
    }

    public static let system = TimeSource(
        now: {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
        },
        sleep: { try await Task.sleep(for: $0) })
}
