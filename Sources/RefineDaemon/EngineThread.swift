import Dispatch
import Glibc
import Synchronization

/// A thread of its own for everything that touches tensors.
///
/// BLAS and the convolution library keep a thread pool per calling thread and hold it for tens of milliseconds. On
/// Swift's cooperative pool that would make new pools and starve everything else.
public final class EngineThread: SerialExecutor {
    private let loop: EngineLoop

    /// Starts the thread.
    ///
    /// - Parameter stackBytes: Room for deep recursion in C libraries; the default is that of a main thread.
    /// - Throws: `EngineThreadError` where the system gives no thread.
    public init(stackBytes: Int = 8 << 20) throws {
        loop = EngineLoop()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackBytes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        // Retained for the thread, which takes it over.
        let data = Unmanaged.passRetained(loop)
        let code = pthread_create(
            &thread, &attributes,
            { data in
                guard let data else { return nil }
                Unmanaged<EngineLoop>.fromOpaque(data).takeRetainedValue().run()
                return nil
            }, data.toOpaque())
        guard code == 0 else {
            data.release()
            throw EngineThreadError(number: code)
        }
    }

    deinit {
        loop.stop()
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        loop.add(UnownedJob(job), asUnownedSerialExecutor())
    }
}

/// The system gave no thread.
public struct EngineThreadError: Error, CustomStringConvertible {
    let number: Int32

    public var description: String { "cannot start the engine's thread: \(String(cString: strerror(number)))" }
}

/// What the thread runs. It outlives the executor by as long as the thread takes to notice.
private final class EngineLoop: Sendable {
    private let jobs = Mutex<[(UnownedJob, UnownedSerialExecutor)]>([])
    /// Counts the jobs that wait, plus one for the stop.
    private let available = DispatchSemaphore(value: 0)

    func add(_ job: UnownedJob, _ executor: UnownedSerialExecutor) {
        jobs.withLock { $0.append((job, executor)) }
        available.signal()
    }

    func stop() {
        available.signal()
    }

    func run() {
        while true {
            available.wait()
            let next = jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            // Nothing to do means that the stop was signalled: every other signal comes with a job.
            guard let (job, executor) = next else { return }
            job.runSynchronously(on: executor)
        }
    }
}
