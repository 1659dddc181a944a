import Dispatch
import Glibc

/// One job at one worker process: sends it, waits for the answer, the deadline or a cancellation, ends the process.
///
/// The waiting is done on a thread of its own, never on one of Swift's cooperative pool.
struct WorkerCall {
    let job: WorkerJob
    let descriptors: [OwnedDescriptor]
    /// Makes, or has ready, the process to use. It is given what waits until a socket can be read, or throws.
    let start: @Sendable (_ wait: (Int32) throws -> Void) throws -> WorkerProcess

    /// - Throws: `WorkerError`: what the worker answered, or `deadline`, `worker-died`, `cancelled`.
    func run() async throws -> (WorkerReply, [OwnedDescriptor]) {
        let cancellation = try CancelSignal()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // A serial queue of its own: dispatch gives each a thread when it has work.
                DispatchQueue(label: "org.refinecontrol.worker-call").async {
                    var process: WorkerProcess?
                    let deadline = ContinuousClock.now + .milliseconds(job.limits.deadlineMilliseconds)
                    let result = Result {
                        let wait = { try waitForAnswer(on: $0, cancellation, until: deadline) }
                        let started = try start(wait)
                        process = started
                        return try talk(to: started, wait)
                    }
                    continuation.resume(with: result)
                    // Only now ended: nobody waits for it.
                    withExtendedLifetime(process) {}
                }
            }
        } onCancel: {
            cancellation.raise()
        }
    }

    private func talk(to process: WorkerProcess, _ wait: (Int32) throws -> Void) throws -> (
        WorkerReply, [OwnedDescriptor]
    ) {
        // Open as long as their numbers are in use, not only until they are known.
        defer { withExtendedLifetime((process, descriptors)) {} }
        let channel = WorkerChannel(socket: process.socket.number)
        // A worker that is gone already may have said why; else the answer is the end of the stream.
        _ = try channel.send(job, descriptors: descriptors.map(\.number))
        try wait(process.socket.number)
        guard let (reply, received) = try channel.receive(WorkerReply.self) else {
            throw WorkerError(
                .failed, argument: "image", reason: "worker-died",
                message: """
                    The worker that handled the photo ended: the file is damaged, or it needs more memory or time than \
                    a job may use. Export it again, or scale it down.
                    """)
        }
        if case .failed(let error) = reply { throw error }
        return (reply, received)
    }

    /// Returns when the socket can be read, be it an answer or the other end's death.
    private func waitForAnswer(on socket: Int32, _ cancellation: CancelSignal, until deadline: ContinuousClock.Instant)
        throws
    {
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
            var events = [
                pollfd(fd: socket, events: Int16(POLLIN), revents: 0),
                pollfd(fd: cancellation.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&events, 2, Int32(clamping: max(milliseconds + 1, 0)))
            if count < 0, errno != EINTR { throw WorkerError.system("Waiting for the worker", errno) }
            if count > 0, events[1].revents != 0 {
                throw WorkerError(
                    .cancelled, argument: "worker", reason: "cancelled", message: "The job was cancelled.")
            }
            if count > 0, events[0].revents != 0 { return }
            guard ContinuousClock.now < deadline else {
                throw WorkerError(
                    .failed, argument: "image", reason: "deadline",
                    message: """
                        The photo took longer than \(job.limits.deadlineMilliseconds / 1000) seconds to decode or \
                        encode. Scale it down, or export it as PNG or JPEG.
                        """)
            }
        }
    }
}

/// Wakes a thread that waits in poll: a socket whose other end is shut down.
private final class CancelSignal: Sendable {
    private let ends: (watched: OwnedDescriptor, shut: OwnedDescriptor)

    var descriptor: Int32 { ends.watched.number }

    init() throws { ends = try WorkerChannel.pair() }

    func raise() { shutdown(ends.shut.number, Int32(SHUT_RDWR)) }
}
