import Glibc

/// The program refine-worker: `refine-worker template`, `codec`, `scan` or `tune` with its socket at descriptor 3, as the
/// daemon starts it.
public enum WorkerMain {
    /// The descriptor of the socket to the daemon.
    static let socket: Int32 = 3

    /// - Returns: an exit code of sysexits.h.
    public static func run(arguments: [String]) -> Int32 {
        switch arguments.dropFirst().first {
        case "template": return TemplateRole(socket: socket).run()
        case "codec": return CodecRole(socket: socket).run()
        case "scan": return ScanRole(socket: socket).run()
        case "tune": return TuneStage.run(arguments: Array(arguments.dropFirst(2)), socket: socket)
        case "--self-check": return SelfCheck.printReport()
        default:
            let usage = "refine-worker is started by refined. By hand: refine-worker --self-check\n"
            _ = usage.withCString { write(STDERR_FILENO, $0, strlen($0)) }
            return EX_USAGE
        }
    }

    private static let EX_USAGE: Int32 = 64
}
