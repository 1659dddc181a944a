import Dispatch
import Glibc

/// A running refine-worker that has not got its job yet, or is at it. It is killed with this object, which does not wait for
/// its death.
final class WorkerProcess: Sendable {
    let identifier: pid_t
    let socket: OwnedDescriptor
    /// The process that this is a copy of; nil where it was started. It outlives its copies.
    private let template: WorkerProcess?
    private let isTemplate: Bool

    /// The descriptor at which a worker finds its socket.
    static let socketNumber: Int32 = 3

    /// Starts one worker. It gets its socket and /dev/null, and an environment of a few names.
    ///
    /// - Parameters:
    ///   - role: template, codec, scan or tune.
    ///   - arguments: of that role.
    ///   - environment: what it gets besides, as NAME=VALUE.
    /// - Throws: `WorkerError` when the executable cannot be started.
    init(
        executable: String, role: String = "codec", arguments: [String] = [], environment: [String] = []
    ) throws {
        let (ours, theirs) = try WorkerChannel.pair()
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, theirs.number, Self.socketNumber)
        for standard in Int32(0)...2 {
            posix_spawn_file_actions_addopen(&actions, standard, "/dev/null", O_RDWR, 0)
        }
        guard addCloseFrom(&actions, Self.socketNumber + 1) == 0 else {
            throw WorkerError.system("Starting a worker", ENOMEM)
        }

        // Its own process group: Ctrl-C at a daemon on a terminal lets the daemon decide about its jobs.
        var (all, none) = (sigset_t(), sigset_t())
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))

        var identifier: pid_t = 0
        let result = withCStrings([executable, role] + arguments) { arguments in
            withCStrings(Self.environment(role) + environment) { environment in
                posix_spawn(&identifier, executable, &actions, &attributes, arguments, environment)
            }
        }
        guard result == 0 else {
            throw WorkerError(
                .failed, argument: "worker", reason: "worker-missing",
                message: """
                    refine-worker cannot be started (error \(result)). Install it beside refined, or set REFINE_WORKER \
                    to its path.
                    """)
        }
        self.identifier = identifier
        socket = ours
        template = nil
        isTemplate = role == "template"
    }

    /// Takes over a copy of a template.
    ///
    /// - Returns: nil where it is no child of this process.
    init?(copy identifier: pid_t, socket: OwnedDescriptor, of template: WorkerProcess) {
        // Whatever is told: only what is ours to wait for is ours to kill.
        guard identifier > 0, Self.isChild(identifier) else { return nil }
        self.identifier = identifier
        self.socket = socket
        self.template = template
        isTemplate = false
    }

    private static func isChild(_ identifier: pid_t) -> Bool {
        var info = siginfo_t()
        return waitid(P_PID, id_t(identifier), &info, WEXITED | WNOHANG | WNOWAIT) == 0
    }

    /// A crash must end the process at once, not start Swift's backtracer, which would see the photo.
    private static func environment(_ role: String) -> [String] {
        var result = ["SWIFT_BACKTRACE=enable=no", "LC_ALL=C.UTF-8", "MALLOC_ARENA_MAX=2"]
        // Once for all of its copies.
        if role == "template" { result.append("LD_BIND_NOW=1") }
        // Where the Swift runtime lies, for a toolchain that is not installed in the system.
        if let path = getenv("LD_LIBRARY_PATH") { result.append("LD_LIBRARY_PATH=\(String(cString: path))") }
        return result
    }

    /// Whether the process has not ended yet.
    var isRunning: Bool {
        var info = siginfo_t()
        // Left to be waited for: the identifier stays ours.
        return waitid(P_PID, id_t(identifier), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_signo == 0
    }

    func kill() { Glibc.kill(identifier, SIGKILL) }

    deinit {
        // Copies that nobody took over, because the template was killed before they said their number, are in its process
        // group. All others have ended: each holds its template until it has been waited for.
        let dying = isTemplate ? -identifier : identifier
        Glibc.kill(dying, SIGKILL)
        // A death can take long: memory is given back, a file system does not answer. The last reference may go on a thread
        // of Swift's pool, or under a lock, and neither waits for it. Each has a queue, thus a thread, of its own.
        DispatchQueue(label: "org.refinecontrol.worker-reaping").async { [template] in
            Self.reap(dying)
            withExtendedLifetime(template) {}
        }
    }

    /// Waits for the end of a process, or of all in a group. Its number is ours until this returns, so `kill` cannot hit
    /// another one.
    private static func reap(_ identifier: pid_t) {
        var status: Int32 = 0
        while true {
            let ended = waitpid(identifier, &status, 0)
            guard ended > 0 && identifier < 0 || ended < 0 && errno == EINTR else { return }
        }
    }
}

/// Calls `body` with a null-terminated array of C strings.
private func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) throws -> Result
) rethrows -> Result {
    let copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    defer { copies.forEach { free($0) } }
    return try body(copies + [nil])
}
