import CSandbox
import Glibc
import WorkerGuards
import WorkerProtocol

/// Tries, inside the closed sandbox, what the sandbox forbids.
enum SelfCheck {
    /// Each guard and whether it holds. Call it after `WorkerSandbox.close`.
    static func report(_ limits: WorkerLimits, _ sandbox: WorkerSandbox.Report) -> SandboxReport {
        var resources = WorkerSandbox.resources(limits)
        let guards: [String: Int32] = [
            "no-core-dumps": refine_sandbox_no_core_dumps_check(),
            "no-new-privileges": refine_sandbox_no_new_privileges_check(),
            "no-sockets": refine_sandbox_no_sockets_check(),
            "no-io-uring": refine_sandbox_no_io_uring_check(),
            "native-syscalls-only": refine_sandbox_native_syscalls_only_check(),
            "no-exec": refine_sandbox_no_exec_check(),
            "no-open": refine_sandbox_no_open_check(),
            "no-executable-memory": refine_sandbox_no_executable_memory_check(),
            "limits": refine_sandbox_limits_check(&resources),
        ]
        return SandboxReport(
            guards: guards.mapValues { $0 == 1 }.merging(["landlock": sandbox.landlockHolds]) { $1 },
            landlock: sandbox.landlock)
    }

    /// For people: closes the sandbox of this process and prints a line for each guard.
    ///
    /// - Returns: 0 when all that is essential holds (all but Landlock).
    static func printReport() -> Int32 {
        let limits = WorkerLimits()
        do {
            try WorkerSandbox.start()
            let report = report(limits, try WorkerSandbox.close(limits))
            let guards = report.guards
            for (name, holds) in guards.sorted(by: { $0.key < $1.key }) { put("\(name): \(holds ? "yes" : "no")\n") }
            put("Landlock ABI: \(report.landlock.abi)\n")
            return guards.allSatisfy { $0.value || $0.key == "landlock" } ? 0 : 1
        } catch {
            put("\(WorkerError(any: error).message)\n")
            return 1
        }
    }

    private static func put(_ line: String) {
        _ = line.withCString { write(STDOUT_FILENO, $0, strlen($0)) }
    }
}
