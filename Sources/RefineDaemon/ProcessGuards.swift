import CSandbox

/// What a process of this project takes on at its start, so that photos cannot leave the machine by way of it.
public enum ProcessGuards {
    /// Allows local sockets only and forbids core dumps.
    ///
    /// Called before the first connection and the first thread. Children inherit the filter on sockets.
    /// - Returns: The names of the guards that the kernel refused, to be logged; ``check()`` goes on telling the truth.
    public static func takeOn() -> [String] {
        var refused: [String] = []
        if refine_sandbox_no_core_dumps() != 0 { refused.append("no-core-dumps") }
        if refine_sandbox_unix_sockets_only() != 0 { refused.append("unix-sockets-only") }
        return refused
    }

    /// Tries what each guard forbids.
    ///
    /// - Returns: Whether each holds. One that cannot be tried counts as not holding.
    public static func check() -> [String: Bool] {
        [
            "no-core-dumps": refine_sandbox_no_core_dumps_check() == 1,
            "unix-sockets-only": refine_sandbox_unix_sockets_only_check() == 1,
            "no-io-uring": refine_sandbox_no_io_uring_check() == 1,
            "native-syscalls-only": refine_sandbox_native_syscalls_only_check() == 1,
            "no-new-privileges": refine_sandbox_no_new_privileges_check() == 1,
        ]
    }
}
