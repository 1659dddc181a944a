import Glibc
import ImageCodec
import WorkerGuards
import WorkerProtocol

/// Takes one job from the daemon, does it in the sandbox, answers, ends.
struct CodecRole {
    let channel: WorkerChannel
    /// Whether this process is a template's copy, which has its libraries and its first guards from there.
    private let isCopy: Bool

    init(socket: Int32, isCopy: Bool = false) {
        self.isCopy = isCopy
        channel = WorkerChannel(socket: socket)
    }

    /// - Returns: the exit code: 0 when an answer was sent, or nobody wanted one.
    func run() -> Int32 {
        do {
            let (reply, buffers) = try answer()
            guard let reply else { return 0 }
            _ = try withExtendedLifetime(buffers) { try channel.send(reply, descriptors: buffers.map(\.descriptor)) }
            // Not exit(): what libraries tidy up at the end takes time and helps nobody.
            _exit(0)
        } catch {
            _ = try? channel.send(WorkerReply.failed(WorkerError(any: error)))
            _exit(1)
        }
    }

    private func answer() throws -> (WorkerReply?, [SharedBuffer]) {
        if isCopy {
            guard try channel.send(WorkerReply.copied(getpid())) else { return (nil, []) }
            try WorkerSandbox.confirmStart()
            Rehearsal.run()
        } else {
            try WorkerSandbox.start()
            try CodecLibrary.start()
        }
        guard let (job, descriptors) = try channel.receive(WorkerJob.self) else { return (nil, []) }
        loadModules(for: descriptors)
        let report = try WorkerSandbox.close(job.limits)
        try WorkerSandbox.endWithDaemon(socket: channel.socket)

        defer { withExtendedLifetime(descriptors) {} }
        switch job.request {
        case .decode(let options): return try decode(descriptors, options, CodecLimits(job.limits))
        case .encode(let layout, let box, let options):
            return try encode(descriptors, layout, box, options, CodecLimits(job.limits))
        case .compare(let layout, let box): return try compare(descriptors, layout, box)
        case .selfCheck: return (.checked(SelfCheck.report(job.limits, report)), [])
        case .scan, .sample: throw WorkerError.badJob
        }
    }

    /// HEIF has a module of its own, with large libraries behind it, which must be there before the files are closed.
    /// The first bytes say whether it is needed; where it is missing, the reader says so later.
    private func loadModules(for descriptors: [OwnedDescriptor]) {
        defer { withExtendedLifetime(descriptors) {} }
        for descriptor in descriptors {
            var head = [UInt8](repeating: 0, count: PhotoFormat.signatureLength)
            let count = pread(descriptor.number, &head, head.count, 0)
            guard count > 0, let format = PhotoFormat(signature: head.prefix(count)), format.needsHEIF else { continue }
            try? CodecLibrary.start(heif: true)
        }
    }
}

extension CodecLimits {
    init(_ limits: WorkerLimits) {
        self.init(pixels: limits.pixels, side: limits.side, fileBytes: limits.fileBytes)
    }
}

extension WorkerError {
    /// The codec's errors by their own codes; others, which are not expected, as `failed`.
    init(any error: any Error) {
        switch error {
        case let error as WorkerError: self = error
        case let error as CodecError:
            let code: Code =
                switch error.code {
                case .invalidArgument: .invalidArgument
                case .tooLarge: .tooLarge
                case .unsupportedFormat: .unsupportedFormat
                case .failed: .failed
                }
            self.init(code, argument: error.argument, reason: error.reason, message: error.message)
        default:
            self = .unexpected
        }
    }
}
