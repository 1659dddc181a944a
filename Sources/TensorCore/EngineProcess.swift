import Glibc

/// What a process that computes must set before its libraries start.
public enum EngineProcess {
    /// libgomp reads `OMP_WAIT_POLICY` before `main`: where nobody has set it, sets it to passive and starts the same
    /// program again, once. Spinning threads would take the core from OpenBLAS' or the user's work.
    public static func restartWithPassiveThreads() {
        guard getenv("OMP_WAIT_POLICY") == nil else { return }
        setenv("OMP_WAIT_POLICY", "passive", 1)
        // On failure the process goes on as it is: slower at worst.
        execv("/proc/self/exe", CommandLine.unsafeArgv)
    }
}
