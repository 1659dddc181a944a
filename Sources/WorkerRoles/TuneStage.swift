import CSandbox
import FoundationEssentials
import Glibc
import WorkerGuards
import WorkerProtocol

/// What goes before refine-tuner: shuts this process in with its folders and becomes that program.
///
/// Landlock binds the calling thread alone on most kernels, and the mathematics libraries start threads as soon as they
/// are loaded. So the door is closed here, where there is one thread and no such library, and an exec keeps it closed.
enum TuneStage {
    /// `refine-worker tune [--urgent] [--write FOLDER] [--read FOLDER]...`
    ///
    /// - Returns: only where it failed, with an exit code.
    static func run(arguments: [String], socket: Int32) -> Int32 {
        do {
            let isUrgent = arguments.first == "--urgent"
            if !isUrgent { BackgroundPriority.take() }
            WorkerSandbox.offerToMemoryKiller()
            guard refine_sandbox_thread_count() == 1 else {
                throw WorkerSandbox.failure("Landlock in a process of several threads", EBUSY)
            }
            let program = try program()
            let report = try close(try rules(Array(arguments.dropFirst(isUrgent ? 1 : 0))) + systemRules(program))
            throw start(program, report)
        } catch {
            _ = try? WorkerChannel(socket: socket).send(TuneReply.failed(WorkerError(any: error)))
            return 1
        }
    }

    private struct Rule {
        var path: String
        var allowed: Int
    }

    private static let read = Int(REFINE_LANDLOCK_READ), write = Int(REFINE_LANDLOCK_WRITE)
    private static let execute = Int(REFINE_LANDLOCK_EXECUTE)

    private static func rules(_ arguments: [String]) throws -> [Rule] {
        guard arguments.count % 2 == 0 else { throw WorkerError.badJob }
        return try stride(from: 0, to: arguments.count, by: 2).map { i in
            let path = arguments[i + 1]
            guard path.hasPrefix("/") else { throw WorkerError.badJob }
            switch arguments[i] {
            case "--read": return Rule(path: path, allowed: read)
            case "--write": return Rule(path: path, allowed: read | write)
            default: throw WorkerError.badJob
            }
        }
    }

    /// What the program and its libraries are read from, and what they ask about the processors. Nothing of a user.
    private static func systemRules(_ program: String) -> [Rule] {
        let code = read | execute
        let libraries = Set(loadedLibraries().map(folder) + ["/usr/lib", "/lib", "/lib64", "/usr/local/lib"])
        return libraries.sorted().map { Rule(path: $0, allowed: code) } + [
            Rule(path: program, allowed: code), Rule(path: folder(program), allowed: read),
            Rule(path: "/etc/ld.so.cache", allowed: read),
            Rule(path: "/proc/self", allowed: read),
            Rule(path: "/proc/cpuinfo", allowed: read),
            Rule(path: "/sys/devices/system/cpu", allowed: read),
            Rule(path: "/dev/null", allowed: read | write),
            Rule(path: "/dev/urandom", allowed: read),
        ]
    }

    /// Wherever the Swift runtime lies: in the system, or in a toolchain.
    private static func loadedLibraries() -> [String] {
        // Line by line: the kernel gives such a file in pieces, which Foundation takes for its end.
        guard let maps = fopen("/proc/self/maps", "re") else { return [] }
        defer { fclose(maps) }
        var (line, capacity, paths): (UnsafeMutablePointer<CChar>?, Int, [String]) = (nil, 0, [])
        defer { free(line) }
        while getline(&line, &capacity, maps) > 0, let line {
            let text = String(cString: line)
            if let start = text.firstIndex(of: "/"), text[start...].contains(".so") {
                paths.append(String(text[start...].dropLast()))
            }
        }
        return paths
    }

    private static func folder(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    /// refine-tuner, beside this program.
    private static func program() throws -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(decoding: buffer.prefix(max(length, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let path = folder(own) + "/refine-tuner"
        guard access(path, X_OK) == 0 else { throw missing }
        return path
    }

    private static var missing: WorkerError {
        WorkerError(
            .failed, argument: "worker", reason: "worker-missing",
            message: "refine-tuner is not beside refine-worker, or cannot be started. Install Refine-Control anew.")
    }

    private static func close(_ rules: [Rule]) throws -> LandlockReport {
        let paths: [UnsafeMutablePointer<CChar>?] = rules.map { strdup($0.path) }
        defer { paths.forEach { free($0) } }
        let list = zip(rules, paths).map { refine_landlock_rule(path: $1, allowed: UInt32($0.allowed)) }
        var report = refine_landlock_report()
        let result = refine_sandbox_landlock(list, list.count, UInt32(REFINE_LANDLOCK_SCOPED), &report)
        guard result == 0 else { throw WorkerSandbox.failure("Landlock", -result) }
        return LandlockReport(report)
    }

    /// - Returns: why the program could not be started.
    private static func start(_ program: String, _ report: LandlockReport) -> any Error {
        guard let data = try? JSONEncoder().encode(report) else { return WorkerError.badJob }
        let texts = [program, String(decoding: data, as: UTF8.self)]
        let arguments: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
        // What is not meant for it was closed by the daemon; the socket stays.
        execv(program, arguments)
        return missing
    }
}
