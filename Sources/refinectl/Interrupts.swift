import Dispatch
import Glibc

/// SIGINT and SIGTERM as a stream, from when this is made.
///
/// `@unchecked Sendable`: constants only, and dispatch sources may be used from every thread.
final class Interrupts: @unchecked Sendable {
    let signals: AsyncStream<Int32>
    private let sources: [any DispatchSourceSignal]

    /// Returns when both are caught: sources are registered by a thread of Dispatch's own, and a signal that came to work
    /// that had begun before that would be lost.
    init() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        let (registrations, registered) = AsyncStream.makeStream(of: Void.self)
        signals = stream
        sources = [SIGINT, SIGTERM].map { number in
            // Before the source is registered: afterwards Dispatch would not hear of it.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.setRegistrationHandler { registered.yield() }
            source.activate()
            return source
        }
        for await _ in registrations.prefix(sources.count) {}
    }

    deinit {
        for source in sources { source.cancel() }
    }

    /// Runs `work`; a signal cancels it, and is then the error. A second signal ends the process at once.
    ///
    /// - Throws: `Failure` with exit code 128 + signal, or what `work` throws.
    static func around(_ work: @escaping @Sendable () async throws -> Void) async throws {
        let interrupts = await Interrupts()
        let task = Task(operation: work)
        let watcher = Task { () -> Int32? in
            var first: Int32?
            for await number in interrupts.signals {
                if first != nil { _exit(128 + number) }
                first = number
                task.cancel()
            }
            return first
        }
        let result = await task.result
        watcher.cancel()
        if let number = await watcher.value { throw Failure.interrupted(number) }
        try result.get()
    }
}
