import FoundationEssentials
import Glibc

/// How long a photo may take to be read: a time of its own, not of a machine that has no time for it.
///
/// Scanners have the lowest priority. On a machine that works they may get no processor for minutes, and a photo must
/// not be put aside for that. So after the deadline a scanner that wants to run and has had less of the processor than
/// the deadline goes on. One that hangs either computes, and reaches that soon, or waits for something, and is seen to.
package struct ScanPatience {
    /// What a process is like at a moment.
    package struct Look {
        /// Since the photo was handed over.
        let processorSeconds: Double
        /// Whether one of its threads runs, or would if it were let.
        let wantsToRun: Bool

        package init(processorSeconds: Double, wantsToRun: Bool) {
            self.processorSeconds = processorSeconds
            self.wantsToRun = wantsToRun
        }
    }

    /// Looks in a row that find it waiting before it counts as hanging: threads also wait for a moment, for a disc.
    package static let looks = 10
    /// Between looks.
    static let milliseconds = 100

    private let seconds: Double
    private var idleLooks = 0

    /// - Parameter seconds: of the deadline.
    package init(seconds: Double) { self.seconds = seconds }

    /// - Returns: whether to wait for longer, after the deadline.
    package mutating func goesOn(_ look: Look) -> Bool {
        idleLooks = look.wantsToRun ? 0 : idleLooks + 1
        return look.processorSeconds < seconds && idleLooks < Self.looks
    }
}

extension WorkerProcess {
    /// Waits until there is an answer or the process is gone.
    ///
    /// - Parameter deadline: milliseconds, as `ScanPatience` counts them; time for which the machine sleeps is not.
    /// - Throws: `WorkerError` with reason `deadline`.
    func waitForAnswer(deadline: Int) throws {
        let clock = SuspendingClock(), end = clock.now + .milliseconds(deadline)
        let before = processorSeconds
        var patience = ScanPatience(seconds: Double(deadline) / 1000)
        while true {
            let now = clock.now
            let left = now < end ? Int((end - now) / .milliseconds(1)) + 1 : ScanPatience.milliseconds
            var event = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
            let count = poll(&event, 1, Int32(clamping: left))
            if count > 0 { return }
            if count < 0, errno != EINTR { throw WorkerError.system("Waiting for the worker", errno) }
            guard clock.now >= end else { continue }
            let look = ScanPatience.Look(processorSeconds: processorSeconds - before, wantsToRun: wantsToRun)
            guard patience.goesOn(look) else {
                throw WorkerError(
                    .failed, argument: "image", reason: "deadline",
                    message: "The photo took longer than \(deadline / 1000) seconds to read. Scale it down.")
            }
        }
    }

    /// Whether a thread of it is running, or ready to: state R of proc(5).
    private var wantsToRun: Bool {
        let folder = "/proc/\(identifier)/task"
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).contains {
            Self.statFields("\(folder)/\($0)/stat").first == "R"
        }
    }
}
