import CDBus
import Dispatch
import Glibc

/// Turns one libdbus watch into dispatch sources.
///
/// `@unchecked Sendable`: made, updated and stopped by libdbus callbacks, which run on the connection's queue only; the
/// handlers run on that queue too, and dispatch calls none of them after `cancel()` on it.
final class WatchSource: @unchecked Sendable {
    private let watch: OpaquePointer
    private let queue: DispatchQueue
    private let afterwards: @Sendable () -> Void
    private var sources: [any DispatchSourceProtocol] = []

    init(_ watch: OpaquePointer, queue: DispatchQueue, afterwards: @escaping @Sendable () -> Void) {
        self.watch = watch
        self.queue = queue
        self.afterwards = afterwards
    }

    /// Starts or stops listening, as libdbus wants it now.
    func update() {
        stop()
        guard dbus_watch_get_enabled(watch) != 0 else { return }
        let flags = dbus_watch_get_flags(watch)
        for flag in [CDBUS_WATCH_READABLE, CDBUS_WATCH_WRITABLE] where flags & flag != 0 { start(flag) }
    }

    func stop() {
        for source in sources { source.cancel() }
        sources = []
    }

    private func start(_ flag: UInt32) {
        // A source needs its descriptor until it has been cancelled, which may be after libdbus has closed its own.
        let descriptor = fcntl(dbus_watch_get_unix_fd(watch), F_DUPFD_CLOEXEC, 3)
        guard descriptor >= 0 else { return }
        let source: any DispatchSourceProtocol =
            flag == CDBUS_WATCH_READABLE
            ? DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
            : DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler { [self] in
            dbus_watch_handle(watch, flag)
            afterwards()
        }
        source.setCancelHandler { close(descriptor) }
        source.activate()
        sources.append(source)
    }
}

/// Turns one libdbus timeout into a timer.
///
/// `@unchecked Sendable`: as ``WatchSource``.
final class TimeoutSource: @unchecked Sendable {
    private let timeout: OpaquePointer
    private let queue: DispatchQueue
    private let afterwards: @Sendable () -> Void
    private var timer: (any DispatchSourceTimer)?

    init(_ timeout: OpaquePointer, queue: DispatchQueue, afterwards: @escaping @Sendable () -> Void) {
        self.timeout = timeout
        self.queue = queue
        self.afterwards = afterwards
    }

    func update() {
        stop()
        guard dbus_timeout_get_enabled(timeout) != 0 else { return }
        let interval = DispatchTimeInterval.milliseconds(Int(dbus_timeout_get_interval(timeout)))
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + interval, repeating: interval)
        timer.setEventHandler { [self] in
            dbus_timeout_handle(timeout)
            afterwards()
        }
        timer.activate()
        self.timer = timer
    }

    func stop() {
        timer?.cancel()
        timer = nil
    }
}
