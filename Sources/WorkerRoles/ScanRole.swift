import Glibc
import ImageCodec
import WorkerGuards
import WorkerProtocol

/// Reads one photo after the other in the sandbox, at the lowest priority, until the daemon hangs up: starting a
/// process takes longer than reading a small photo.
struct ScanRole {
    private let channel: WorkerChannel

    init(socket: Int32) { channel = WorkerChannel(socket: socket) }

    /// - Returns: the exit code; 0 when the daemon wants no more.
    func run() -> Int32 {
        do {
            BackgroundPriority.take()
            try WorkerSandbox.start()
            try CodecLibrary.start()
            // Which formats come is not known yet, and no module can be loaded later.
            try? CodecLibrary.start(heif: true)
            guard var (job, files) = try channel.receive(WorkerJob.self) else { return 0 }
            _ = try WorkerSandbox.close(job.limits)
            try WorkerSandbox.endWithDaemon(socket: channel.socket)
            while true {
                guard try answer(job, files), let next = try channel.receive(WorkerJob.self) else { _exit(0) }
                (job, files) = next
            }
        } catch {
            _ = try? channel.send(WorkerReply.failed(WorkerError(any: error)))
            _exit(1)
        }
    }

    /// - Returns: false when the daemon is gone.
    private func answer(_ job: WorkerJob, _ files: [OwnedDescriptor]) throws -> Bool {
        let (reply, buffers): (WorkerReply, [SharedBuffer])
        do {
            (reply, buffers) = try work(job, files)
        } catch {
            (reply, buffers) = (.failed(WorkerError(any: error)), [])
        }
        return try withExtendedLifetime(buffers) { try channel.send(reply, descriptors: buffers.map(\.descriptor)) }
    }

    private func work(_ job: WorkerJob, _ files: [OwnedDescriptor]) throws -> (WorkerReply, [SharedBuffer]) {
        defer { withExtendedLifetime(files) {} }
        guard files.count == 1 else { throw WorkerError.badJob }
        let limits = CodecLimits(job.limits)
        let photo = try PhotoReader(
            file: FileBytes(descriptor: files[0].number, argument: "image", limits: limits), argument: "image",
            limits: limits)
        switch job.request {
        case .scan:
            let print = try PhotoFingerprint(photo)
            return (
                .scanned(
                    ScannedPhoto(
                        contentHash: print.content, perceptualHash: print.perceptual, width: photo.info.width,
                        height: photo.info.height)), []
            )
        case .sample(let side):
            guard (16...4096).contains(side) else { throw WorkerError.badJob }
            let small = try SmallPhoto(photo, width: side, height: side)
            let pixels = try small.pixels.withUnsafeBytes { try SharedBuffer($0) }
            return (.sampled(PixelLayout(width: small.width, height: small.height, bitDepth: 8)), [pixels])
        default: throw WorkerError.badJob
        }
    }
}
