import CSandbox
import FoundationEssentials
import Glibc
import WorkerGuards
import WorkerProtocol

/// The program refine-tuner, as `refine-worker tune` starts it: shut in, at the lowest priority, with its socket at
/// descriptor 3 and the report of its sandbox's first stage as its argument.
public enum TunerMain {
    private static let socket: Int32 = 3

    /// - Returns: an exit code of sysexits.h.
    public static func run(arguments: [String]) -> Int32 {
        guard arguments.count == 2,
            let report = try? JSONDecoder().decode(LandlockReport.self, from: Data(arguments[1].utf8))
        else {
            let usage = "refine-tuner is started by refined, by way of refine-worker.\n"
            _ = usage.withCString { write(STDERR_FILENO, $0, strlen($0)) }
            return 64
        }
        return TuneRole(socket: socket, landlock: report).run()
    }
}
