import Glibc

/// Finds refine-worker.
public enum WorkerExecutable {
    /// `REFINE_WORKER` where it is set, else beside the running program, else `../libexec/refine-control` of it.
    ///
    /// - Throws: `WorkerError` when none of them can be executed.
    public static func find() throws -> String {
        if let path = getenv("REFINE_WORKER") {
            let path = String(cString: path)
            guard access(path, X_OK) == 0 else { throw missing("REFINE_WORKER names no program.") }
            return path
        }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let length = readlink("/proc/self/exe", &buffer, Int(PATH_MAX))
        guard length > 0 else { throw missing("The place of the running program is unknown: set REFINE_WORKER.") }
        let program = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = program.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let candidates = ["\(folder)/refine-worker", "\(folder)/../libexec/refine-control/refine-worker"]
        guard let found = candidates.first(where: { access($0, X_OK) == 0 }) else {
            throw missing("It is neither beside the running program nor in its libexec folder.")
        }
        return found
    }

    private static func missing(_ what: StaticString) -> WorkerError {
        WorkerError(
            .failed, argument: "worker", reason: "worker-missing",
            message: "refine-worker was not found. \(what) Install it anew, or set REFINE_WORKER to its path.")
    }
}
