import CSandbox
import Distillation
import Glibc
import Layers
import TensorCore
import WorkerGuards
import WorkerProtocol

/// Takes one task and its photos from the daemon, works, answers, ends. It never sees a photo's file: the scan role
/// decodes, and what comes here are pixels.
struct TuneRole {
    private let channel: WorkerChannel
    private let socket: Int32
    private let landlock: LandlockReport

    init(socket: Int32, landlock: LandlockReport) {
        self.socket = socket
        self.landlock = landlock
        channel = WorkerChannel(socket: socket)
    }

    /// - Returns: the exit code; 0 when the work is done, or nobody wants it.
    func run() -> Int32 {
        do {
            guard try work() else { return 0 }
            // Not exit(): what libraries tidy up at the end takes time and helps nobody.
            _exit(0)
        } catch {
            _ = try? channel.send(TuneReply.failed(Self.refined(error)))
            _exit(1)
        }
    }

    /// - Returns: false when the daemon is gone.
    private func work() throws -> Bool {
        try WorkerSandbox.start()
        guard let (first, _) = try channel.receive(TuneRequest.self) else { return false }
        guard case .begin(let task, let limits) = first else { throw WorkerError.badJob }
        let report = try close(limits)
        try WorkerSandbox.endWithDaemon(socket: socket)
        guard try channel.send(TuneReply.ready(report)), let photos = try receivePhotos() else { return false }
        switch task {
        case .train(let order): return try channel.send(train(order, photos))
        case .judge(let order): return try channel.send(judge(order, photos))
        case .tryGuards: return true
        }
    }

    /// The rest of the sandbox: memory, file sizes, and a short list of system calls. Landlock is closed already.
    private func close(_ limits: TuneLimits) throws -> TuneReport {
        // Before the list of system calls: it looks at the processor, and may start its threads anew.
        BLAS.prepare()
        BLAS.threads = limits.threads
        var resources = refine_limits(
            address_space: UInt64(clamping: limits.addressSpace), cpu_seconds: 0,
            file_size: UInt64(clamping: limits.fileBytes), open_files: 256)
        try WorkerSandbox.check(refine_sandbox_limits(&resources), "resource limits")
        // A file that grows over its limit is an error of the write, not a signal.
        signal(SIGXFSZ, SIG_IGN)
        let holds =
            landlock.abi > 0 && refine_sandbox_unreadable_check("/etc/passwd") == 1
            && refine_sandbox_unwritable_check("/tmp") == 1
        try WorkerSandbox.check(refine_sandbox_tuner_close(), "second system call filter")
        let guards: [String: Int32] = [
            "no-core-dumps": refine_sandbox_no_core_dumps_check(),
            "no-new-privileges": refine_sandbox_no_new_privileges_check(),
            "no-sockets": refine_sandbox_no_sockets_check(),
            "no-io-uring": refine_sandbox_no_io_uring_check(),
            "native-syscalls-only": refine_sandbox_native_syscalls_only_check(),
            "no-exec": refine_sandbox_no_exec_check(),
            "limits": refine_sandbox_limits_check(&resources),
        ]
        return TuneReport(
            sandbox: SandboxReport(
                guards: guards.mapValues { $0 == 1 }.merging(["landlock": holds]) { $1 }, landlock: landlock),
            plan: Convolution.plan.id)
    }

    /// - Returns: nil when the daemon is gone.
    private func receivePhotos() throws -> TunePhotos? {
        var photos = TunePhotos()
        while let (request, files) = try channel.receive(TuneRequest.self) {
            switch request {
            case .photo(let layout, let key):
                guard files.count == 1, layout.bitDepth == 8, let size = layout.rgbByteCount else {
                    throw WorkerError.badJob
                }
                try photos.add(SharedBuffer(adopting: files[0].duplicated(), count: size), layout, key: key)
            case .work: return photos
            case .begin: throw WorkerError.badJob
            }
        }
        return nil
    }

    private func train(_ order: TrainOrder, _ photos: TunePhotos) throws -> TuneReply {
        let steps = try TuneTraining(order, photos).run { step, steps in
            // A daemon that is gone ends this process by itself.
            _ = try? channel.send(TuneReply.progress(step: step, steps: steps))
        }
        return .trained(steps: steps)
    }

    private func judge(_ order: JudgeOrder, _ photos: TunePhotos) throws -> TuneReply {
        .judged(try TuneJudging(order).figures(photos))
    }

    /// Errors by the codes that the daemon knows. Never a path: they go into its log.
    private static func refined(_ error: any Error) -> WorkerError {
        func failed(_ reason: String, _ message: String) -> WorkerError {
            WorkerError(.failed, argument: "tuner", reason: reason, message: message)
        }
        switch error {
        case let error as WorkerError: return error
        case let error as ModelError:
            let message = "\(error.problem); \(error.remedy)"
            return failed(error.code == .cannotWrite ? "cannot-write" : "model-" + error.code.rawValue, message)
        case let error as StageError: return failed("no-usable-photos", error.description)
        case is TrainingError:
            return failed("not-finite", "The training diverged. It is left out; the model in use stays.")
        default: return .unexpected
        }
    }
}
