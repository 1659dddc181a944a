import CWayland
import Dispatch
import Glibc
import Personalization
import Synchronization

/// A Wayland compositor that tells when its user has been away for the asked time, and when they come back:
/// ext-idle-notify-v1 (KWin, Sway 1.8, wlroots 0.16 and newer), or org_kde_kwin_idle before that. No traffic in between.
final class WaylandIdle: IdleMonitor {
    private let connection: WaylandConnection
    private let states: AsyncStream<Int32>
    private let threshold: Double
    private let time: TimeSource
    /// When the user was found to be away; nil while they are there.
    private let awaySince = Mutex<UInt64?>(nil)

    /// What became of an attempt to connect.
    enum Opening {
        case open(WaylandIdle)
        /// Nobody listens: the compositor has gone and left its socket, or has just come and is about to listen.
        case refused
        /// Nobody answers, or the compositor has no such protocol.
        case useless
    }

    /// Connects and asks.
    ///
    /// - Parameter path: of the socket.
    static func open(_ path: String, threshold: Double, time: TimeSource) async -> Opening {
        let (states, sink) = AsyncStream.makeStream(of: Int32.self)
        let connection: WaylandConnection
        do {
            connection = try WaylandConnection(path, milliseconds: UInt32(threshold * 1000), sink)
        } catch {
            return error.code == ECONNREFUSED ? .refused : .useless
        }
        // One that hangs must not keep the other ways from being tried.
        let deadline = Task {
            try await time.sleep(.seconds(5))
            sink.finish()
        }
        defer { deadline.cancel() }
        for await state in states {
            guard state != REFINE_IDLE_UNSUPPORTED else { break }
            return .open(WaylandIdle(connection, states, threshold, time))
        }
        connection.close()
        return .useless
    }

    private init(
        _ connection: WaylandConnection, _ states: AsyncStream<Int32>, _ threshold: Double, _ time: TimeSource
    ) {
        self.connection = connection
        self.states = states
        self.threshold = threshold
        self.time = time
    }

    deinit { connection.close() }

    func follow(_ changed: @escaping @Sendable () -> Void) async {
        await withTaskCancellationHandler {
            for await state in states {
                guard state == REFINE_IDLE_AWAY || state == REFINE_IDLE_ACTIVE else { break }
                let now = time.boot()
                awaySince.withLock { $0 = state == REFINE_IDLE_AWAY ? now : nil }
                changed()
            }
        } onCancel: {
            connection.close()
        }
        awaySince.withLock { $0 = nil }
        connection.close()
    }

    func idleness() async -> Reading<UserIdleness> {
        let now = time.boot()
        let away = awaySince.withLock { $0 }.map { threshold + Double(now - min($0, now)) / 1e6 }
        return .known(UserIdleness(seconds: away ?? 0, isExact: away != nil, source: "wayland"))
    }
}

/// The connection to a compositor, read on a queue of its own.
///
/// `@unchecked Sendable`: `watch` is used on `queue` only, after `init`, and freed there once, by the source's cancel
/// handler, after which no event handler runs.
private final class WaylandConnection: @unchecked Sendable {
    private let queue = DispatchQueue(label: "org.refinecontrol.wayland")
    private let source: any DispatchSourceRead

    /// Why there is no connection: `errno` of the attempt.
    struct Failure: Error {
        let code: Int32
    }

    /// - Parameter sink: gets each new state but the first, in which the compositor has not answered; finished when the
    ///   compositor is gone.
    init(_ path: String, milliseconds: UInt32, _ sink: AsyncStream<Int32>.Continuation) throws(Failure) {
        guard let opened = refine_idle_watch_open(path, milliseconds) else { throw Failure(code: errno) }
        nonisolated(unsafe) let watch = opened
        source = DispatchSource.makeReadSource(fileDescriptor: refine_idle_watch_descriptor(watch), queue: queue)
        nonisolated(unsafe) var last = Int32(REFINE_IDLE_ASKING)
        source.setEventHandler { [source] in
            guard refine_idle_watch_read(watch) == 0 else {
                sink.finish()
                return source.cancel()
            }
            let state = refine_idle_watch_state(watch)
            if state != last { sink.yield(state) }
            last = state
        }
        source.setCancelHandler {
            sink.finish()
            refine_idle_watch_close(watch)
        }
        source.activate()
    }

    func close() { source.cancel() }
}
