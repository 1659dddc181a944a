import Glibc

/// What has to happen before anything else in the process.
public enum ProcessStart {
    private static let variable = "OMP_WAIT_POLICY"

    /// Starts the program again with `OMP_WAIT_POLICY=passive` where the variable is not set.
    ///
    /// libgomp reads it before `main`. Without it the threads of a finished convolution keep both cores busy while the
    /// matrix library wants them. The unit file sets it; this is for a daemon that is started by hand.
    public static func settleThreads() {
        // Set means done: the second run comes past here, whatever the value.
        guard !areThreadsSettled else { return }
        setenv(variable, "passive", 1)
        // By its path, so that the process is not called "exe"; by the link, where the file was replaced meanwhile.
        if let path = ProgramPlace.path { execv(path, CommandLine.unsafeArgv) }
        execv("/proc/self/exe", CommandLine.unsafeArgv)
        // Comes back only when it fails; then the daemon is slower, and says so.
        unsetenv(variable)
    }

    /// Allows as many open files as the system lets this user have. Every waiting job holds two, and the usual limit is
    /// for programs that use select(2).
    static func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 1 << 16)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    static var areThreadsSettled: Bool { getenv(variable) != nil }
}

/// Finds the model where none is named.
public enum ModelPlace {
    /// `REFINE_MODEL` where it is set, else the installed folder, else the one of a build beside the program.
    ///
    /// A folder that is not there is returned too: that it is missing is then the model's error, with its place.
    public static func find() -> String {
        if let path = getenv("REFINE_MODEL").map({ String(cString: $0) }), !path.isEmpty { return path }
        let folder = ProgramPlace.folder
        let installed = "\(folder)/../share/refine-control/models/default-student"
        let built = "\(folder)/refine-control_Diffusion.resources/default-student"
        return access(built, R_OK) == 0 ? built : installed
    }
}

/// Where the daemon keeps what it must not lose.
public enum DataPlace {
    /// `refine-control` in `XDG_DATA_HOME`, or in `~/.local/share`; nil where neither is known.
    public static func find() -> String? {
        func variable(_ name: String) -> String? {
            // The XDG specification has relative paths ignored.
            getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        return (variable("XDG_DATA_HOME") ?? variable("HOME").map { $0 + "/.local/share" }).map {
            $0 + "/refine-control"
        }
    }
}

/// Where the running program is.
enum ProgramPlace {
    static var path: String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        guard length > 0 else { return nil }
        return String(decoding: buffer.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    static var folder: String {
        guard let path, let slash = path.lastIndex(of: "/") else { return "." }
        return String(path[..<slash])
    }
}
