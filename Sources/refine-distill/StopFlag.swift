import Glibc

/// Set by the first SIGINT or SIGTERM: the run then writes a checkpoint and ends.
final class StopFlag {
    nonisolated(unsafe) private static var signalled: sig_atomic_t = 0  // a handler may write a sig_atomic_t only

    init() {
        for number in [SIGINT, SIGTERM] { signal(number) { _ in StopFlag.signalled = 1 } }
    }

    var isSet: Bool { Self.signalled != 0 }
}
