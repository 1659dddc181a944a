import Glibc

/// Standard output and standard error.
enum Terminal {
    /// Writes a line to standard error.
    static func say(_ text: String) { put(text + "\n", to: STDERR_FILENO) }

    /// Writes a line to standard output.
    static func print(_ text: String) { put(text + "\n", to: STDOUT_FILENO) }

    /// Says what was done, to a person: nothing where standard error is no terminal.
    static func confirm(_ text: String) { if isInteractive { say(text) } }

    /// Whether something that moves may be drawn on standard error.
    static var isInteractive: Bool {
        isatty(STDERR_FILENO) == 1 && variable("TERM") != "dumb"
    }

    /// As in no-color.org: any content of `NO_COLOR` but an empty one means no colours.
    static var hasColors: Bool { isInteractive && !forbidsColors }
    static var forbidsColors: Bool { !(variable("NO_COLOR") ?? "").isEmpty }

    /// Whether 24-bit colours are shown, as terminals that do say themselves.
    static var hasTrueColor: Bool {
        ["truecolor", "24bit"].contains(variable("COLORTERM")) || (variable("TERM") ?? "").hasSuffix("-direct")
    }

    /// Whether tmux or screen stands between this program and the terminal.
    static var isMultiplexed: Bool {
        let term = variable("TERM") ?? ""
        return variable("TMUX") != nil || variable("STY") != nil || term.hasPrefix("screen") || term.hasPrefix("tmux")
    }

    /// Columns and rows of the terminal behind standard output; nil where there is none, or one that shows plain text only.
    static var outputSize: (columns: Int, rows: Int)? {
        guard isatty(STDOUT_FILENO) == 1, let term = variable("TERM"), term != "dumb" else { return nil }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return (80, 24) }
        return (Int(size.ws_col), size.ws_row > 0 ? Int(size.ws_row) : 24)
    }

    /// Whether standard output is a terminal that shows more than ASCII text.
    static var isOutputInteractive: Bool { isatty(STDOUT_FILENO) == 1 && variable("TERM") != "dumb" }

    /// The same as ``hasColors`` for standard output.
    static var hasOutputColors: Bool { isOutputInteractive && !forbidsColors }

    /// Columns of the terminal behind standard error; 80 where it does not tell.
    static var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Microseconds since 1970.
    static var now: UInt64 { UInt64(time(nil)) * 1_000_000 }

    /// The time of day, `12:34:56`.
    static var clock: String {
        var seconds = time(nil)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return [parts.tm_hour, parts.tm_min, parts.tm_sec].map { ($0 < 10 ? "0" : "") + String($0) }
            .joined(separator: ":")
    }

    static func put(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            // Nobody can be told that nothing can be written.
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(count, 0))
        }
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
