import CSandbox
import Glibc
import WorkerProtocol

/// The worker's guards, in two stages: before libraries load their parts from the disc, and before a photo is looked
/// at.
package enum WorkerSandbox {
    /// What the second stage put in force.
    package struct Report {
        /// What Landlock enforces; ABI 0 when files are closed by seccomp alone.
        package let landlock: LandlockReport
        /// Whether Landlock alone, before the second filter, kept files from being read and made.
        package let landlockHolds: Bool
    }

    /// First stage: no core dumps, no sockets, no exec, no look at other processes. Files can still be opened.
    package static func start() throws {
        offerToMemoryKiller()
        try check(refine_sandbox_no_core_dumps(), "no-core-dumps")
        try check(refine_sandbox_worker_start(), "first system call filter")
    }

    /// Makes sure, in a copy of a process that called `start()`, that the copy is guarded as well: tries what is forbidden.
    package static func confirmStart() throws {
        let checks = [
            refine_sandbox_no_core_dumps_check, refine_sandbox_no_new_privileges_check, refine_sandbox_no_sockets_check,
            refine_sandbox_no_io_uring_check, refine_sandbox_native_syscalls_only_check, refine_sandbox_no_exec_check,
        ]
        guard checks.allSatisfy({ $0() == 1 }) else { throw failure("guards of the template", EPERM) }
    }

    /// When memory runs out, the kernel takes this process first and not the desktop. Not essential, so not checked.
    package static func offerToMemoryKiller() {
        let score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)
        if score >= 0 {
            _ = "800".withCString { write(score, $0, 3) }
            Glibc.close(score)
        }
    }

    /// Second stage: memory and time limits, no files but the open ones, a short list of system calls.
    ///
    /// - Throws: `WorkerError` when the kernel refuses one of them but Landlock, which old kernels have not got.
    package static func close(_ limits: WorkerLimits) throws -> Report {
        var resources = self.resources(limits)
        try check(refine_sandbox_limits(&resources), "resource limits")
        var landlock = refine_landlock_report()
        // Below ABI 8 it binds the calling thread only, which is all there is at this point.
        if refine_sandbox_thread_count() == 1 {
            try check(refine_sandbox_landlock(nil, 0, UInt32(REFINE_LANDLOCK_SCOPED), &landlock), "Landlock")
        }
        // Now or never: behind the filter it cannot be told which of the two denies.
        let holds =
            landlock.abi > 0 && refine_sandbox_unreadable_check("/proc/self/exe") == 1
            && refine_sandbox_unwritable_check("/tmp") == 1
        try check(refine_sandbox_worker_close(), "second system call filter")
        return Report(landlock: LandlockReport(landlock), landlockHolds: holds)
    }

    package static func resources(_ limits: WorkerLimits) -> refine_limits {
        refine_limits(
            address_space: UInt64(clamping: limits.addressSpace), cpu_seconds: UInt64(clamping: limits.cpuSeconds),
            // The largest memfd: RGB of 16 bits, or an encoded file that did not get smaller.
            file_size: UInt64(clamping: limits.pixels) * 8 + 64 << 20, open_files: 64)
    }

    /// Ends this process as soon as the other end of the socket is gone: a daemon that died wants no answer.
    package static func endWithDaemon(socket: Int32) throws {
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { argument in
                var watched = pollfd(fd: Int32(Int(bitPattern: argument)), events: 0, revents: 0)
                // POLLHUP comes unasked.
                while poll(&watched, 1, -1) <= 0 {}
                _exit(0)
            }, UnsafeMutableRawPointer(bitPattern: Int(socket)))
        try check(-result, "watching thread")
    }

    package static func check(_ result: Int32, _ what: String) throws {
        guard result != 0 else { return }
        throw failure(what, -result)
    }

    package static func failure(_ what: String, _ error: Int32) -> WorkerError {
        WorkerError(
            .failed, argument: "worker", reason: "sandbox",
            message: """
                The sandbox for photos cannot be set up (\(what), error \(error)). It needs a Linux kernel with \
                seccomp filters; photos are not opened without it.
                """)
    }
}

extension LandlockReport {
    package init(_ report: refine_landlock_report) {
        self.init(
            abi: Int(report.abi), filesystem: report.filesystem, network: report.network, scoped: report.scoped,
            bindsEveryThread: report.every_thread == 1)
    }
}
