import Dispatch
import FoundationEssentials
import Glibc
import Synchronization

/// A tuner process: learns from photos, or compares models on them, in a sandbox and at the lowest priority.
///
/// ```swift
/// let tuner = try TuneWorker(executable: worker, .train(order), TuneLimits(threads: 2))
/// for sample in samples { _ = await tuner.add(sample, key: key) }
/// await tuner.work()
/// for await event in tuner.events { ... }
/// ```
///
/// The process is `refine-worker tune`, which shuts itself in and becomes `refine-tuner`. It dies with this object.
public final class TuneWorker: Sendable {
    public enum Event: Sendable, Equatable {
        case ready(TuneReport)
        case progress(step: Int, steps: Int)
        case trained(steps: Int)
        case judged(JudgeFigures)
        /// It said why it cannot go on.
        case failed(WorkerError)
        /// The process is gone; nothing follows. With `died` where it had not finished.
        case ended(died: Bool)
    }

    /// For one reader.
    public let events: AsyncStream<Event>
    private let process: WorkerProcess
    private let sending = DispatchQueue(label: "org.refinecontrol.tune-send", qos: .utility)
    private let receiving = DispatchQueue(label: "org.refinecontrol.tune-receive", qos: .utility)

    public var processID: pid_t { process.identifier }

    /// Starts the process and gives it its task.
    ///
    /// - Parameters:
    ///   - executable: refine-worker; refine-tuner lies beside it.
    ///   - task: all of its folders must be there, with links resolved.
    ///   - limits: threads, memory and size of files.
    /// - Throws: `WorkerError` when it cannot be started.
    public init(executable: String, _ task: TuneTask, _ limits: TuneLimits) throws {
        process = try WorkerProcess(
            executable: executable, role: "tune",
            arguments: (task.isUrgent ? ["--urgent"] : []) + (task.writable.map { ["--write", $0] } ?? [])
                + task.readable.flatMap { ["--read", $0] },
            // Threads that wait must not spin: whatever else runs comes first.
            environment: ["OMP_WAIT_POLICY=passive", "OMP_NUM_THREADS=\(limits.threads)"])
        let (events, sink) = AsyncStream.makeStream(of: Event.self)
        self.events = events
        let channel = WorkerChannel(socket: process.socket.number)
        receiving.async { [process] in
            Self.receive(channel, into: sink)
            withExtendedLifetime(process) {}
        }
        // A tuner that is gone already says so by its end.
        sending.async { [process] in
            _ = try? channel.send(TuneRequest.begin(task, limits))
            withExtendedLifetime(process) {}
        }
    }

    deinit {
        // The thread that receives holds the process: its end ends that too.
        process.kill()
    }

    private static func receive(_ channel: WorkerChannel, into sink: AsyncStream<Event>.Continuation) {
        var isDone = false
        while let (reply, _) = try? channel.receive(TuneReply.self) {
            switch reply {
            case .ready(let report): sink.yield(.ready(report))
            case .progress(let step, let steps): sink.yield(.progress(step: step, steps: steps))
            case .trained(let steps): sink.yield(.trained(steps: steps))
            case .judged(let figures): sink.yield(.judged(figures))
            case .failed(let error): sink.yield(.failed(error))
            }
            switch reply {
            case .trained, .judged, .failed: isDone = true
            case .ready, .progress: break
            }
        }
        sink.yield(.ended(died: !isDone))
        sink.finish()
    }

    /// Gives it a photo. Waits while the tuner is held.
    ///
    /// - Parameters:
    ///   - photo: as the scan role decoded it.
    ///   - key: the photo's own, the same in every run.
    /// - Returns: false when the tuner is gone.
    public func add(_ photo: PhotoSample, key: UInt64) async -> Bool {
        let layout = PixelLayout(width: photo.width, height: photo.height, bitDepth: 8)
        return await send(.photo(layout, key: key), photo.pixels)
    }

    /// Says that no more photos come.
    ///
    /// - Returns: false when the tuner is gone.
    public func work() async -> Bool { await send(.work, nil) }

    private func send(_ request: TuneRequest, _ pixels: SharedBuffer?) async -> Bool {
        await withCheckedContinuation { continuation in
            sending.async { [process] in
                let channel = WorkerChannel(socket: process.socket.number)
                let isSent = try? channel.send(request, descriptors: pixels.map { [$0.descriptor] } ?? [])
                withExtendedLifetime((process, pixels)) {}
                continuation.resume(returning: isSent ?? false)
            }
        }
    }

    /// Stops it where it is, with all of its threads. Its memory stays.
    public func hold() { process.signal(SIGSTOP) }

    /// Lets it go on.
    public func proceed() { process.signal(SIGCONT) }

    /// Ends it. Nothing is left to be written: a checkpoint is whole at every moment.
    public func end() {
        process.signal(SIGTERM)
        // One that is held takes no other signal.
        process.kill()
    }

    /// Seconds of processor time of all of its threads; 0 when it is gone.
    public var processorSeconds: Double { process.processorSeconds }
}

extension WorkerProcess {
    /// To it and whatever it started, which share its process group.
    func signal(_ number: Int32) { Glibc.kill(-identifier, number) }

    /// `utime` and `stime` of proc(5), of all threads.
    var processorSeconds: Double {
        let fields = Self.statFields("/proc/\(identifier)/stat")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The fields of a `stat` file of proc(5) from the state on; none where there is no such file.
    static func statFields(_ path: String) -> [Substring] {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { return [] }
        // "pid (name) state ...": the name can hold anything, but ends at the last bracket.
        return String(decoding: data, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
    }
}
