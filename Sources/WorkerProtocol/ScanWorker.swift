import Dispatch
import Glibc
import Synchronization

/// A photo at a reduced size, upright, in sRGB.
public struct PhotoSample: Sendable {
    public let width: Int
    public let height: Int
    /// `[height, width, 3]`, 8 bits, sealed.
    public let pixels: SharedBuffer

    public init(width: Int, height: Int, pixels: SharedBuffer) {
        self.width = width
        self.height = height
        self.pixels = pixels
    }
}

/// Reads photos one after the other in a refine-worker of the scan role, which serves many before it is replaced.
///
/// ```swift
/// let worker = ScanWorker(executable: try WorkerExecutable.find())
/// let photo = try await worker.scan(file)
/// ```
///
/// A crash or a deadline ends that process and is the error of the photo at fault; the next photo gets a new one. No
/// call blocks a thread of Swift's cooperative pool.
public final class ScanWorker: Sendable {
    private let executable: String
    private let limits: WorkerLimits
    private let queue = DispatchQueue(label: "org.refinecontrol.scan-worker")
    private let state = Mutex<State>(State())

    private struct State: Sendable {
        var process: WorkerProcess?
        var served = 0
    }

    /// Photos of one process: what leaks in a codec, or what a photo managed to do to it, does not last.
    private static let photosPerProcess = 64

    /// - Parameters:
    ///   - executable: refine-worker.
    ///   - limits: `deadlineMilliseconds` is for one photo, `cpuSeconds` for a whole process.
    public init(
        executable: String,
        limits: WorkerLimits = WorkerLimits(cpuSeconds: 1800, deadlineMilliseconds: 30_000)
    ) {
        self.executable = executable
        self.limits = limits
    }

    /// Hashes and sizes of a photo.
    ///
    /// - Parameter file: a regular file, open for reading; must stay open until the call returns.
    /// - Throws: `WorkerError`, with reason `worker-died` or `deadline` where the photo ended its reader.
    public func scan(_ file: Int32) async throws -> ScannedPhoto {
        guard case (.scanned(let photo), _) = try await ask(.scan, file), photo.contentHash.count == 32,
            photo.width > 0, photo.height > 0
        else { throw WorkerError.protocolViolation("another answer than asked for") }
        return photo
    }

    /// The photo with its longer side at most `side` pixels.
    ///
    /// - Throws: as `scan`.
    public func sample(_ file: Int32, side: Int) async throws -> PhotoSample {
        guard case (.sampled(let layout), let received) = try await ask(.sample(side: side), file),
            received.count == 1, let size = layout.rgbByteCount, layout.bitDepth == 8
        else { throw WorkerError.protocolViolation("another answer than asked for") }
        return PhotoSample(
            width: layout.width, height: layout.height,
            pixels: try SharedBuffer(adopting: received[0].duplicated(), count: size))
    }

    /// Ends the process; the next call starts another.
    public func rest() {
        queue.async { self.state.withLock { $0.process = nil } }
    }

    private func ask(_ request: WorkerRequest, _ file: Int32) async throws -> (WorkerReply, [OwnedDescriptor]) {
        let file = try OwnedDescriptor.duplicate(of: file, argument: "image")
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try self.talk(request, file) }) }
        }
    }

    private func talk(_ request: WorkerRequest, _ file: OwnedDescriptor) throws -> (WorkerReply, [OwnedDescriptor]) {
        let process = try currentProcess()
        let channel = WorkerChannel(socket: process.socket.number)
        defer { withExtendedLifetime((process, file)) {} }
        do {
            let died = WorkerError(
                .failed, argument: "image", reason: "worker-died",
                message: "The photo ended the process that read it. Export it again.")
            guard try channel.send(WorkerJob(limits: limits, request: request), descriptors: [file.number]) else {
                throw died
            }
            try process.waitForAnswer(deadline: limits.deadlineMilliseconds)
            guard let answer = try channel.receive(WorkerReply.self) else { throw died }
            if case .failed(let error) = answer.0 { throw error }
            return answer
        } catch let error as WorkerError where ["worker-died", "deadline", "protocol"].contains(error.reason) {
            // Whatever it is doing, it is not to be trusted with the next photo.
            state.withLock { $0.process = nil }
            throw error
        }
    }

    private func currentProcess() throws -> WorkerProcess {
        let current = state.withLock { state -> WorkerProcess? in
            guard state.served < Self.photosPerProcess else { return nil }
            state.served += 1
            return state.process
        }
        if let current { return current }
        let process = try WorkerProcess(executable: executable, role: "scan")
        state.withLock { $0 = State(process: process, served: 1) }
        return process
    }
}
