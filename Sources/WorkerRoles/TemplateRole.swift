import CSandbox
import Glibc
import ImageCodec
import WorkerGuards
import WorkerProtocol

/// Makes workers of the codec role by copying this process, which takes a millisecond where a start takes 30.
///
/// It is what a worker is before its job comes: its libraries are loaded, its first guards are up. It reads no photo, and
/// has one thread, without which a copy would not be whole. The copies are children of the daemon.
struct TemplateRole {
    private let channel: WorkerChannel

    init(socket: Int32) { channel = WorkerChannel(socket: socket) }

    /// - Returns: the exit code; 0 when the daemon wants no more. In a copy, that of its job.
    func run() -> Int32 {
        do {
            try WorkerSandbox.start()
            try CodecLibrary.start()
            Rehearsal.run()
            // The daemon starts its workers itself where this ends.
            guard refine_sandbox_thread_count() == 1 else { return 1 }
            while let copy = try nextCopy() {
                if copy == 0 { return CodecRole(socket: channel.socket, isCopy: true).run() }
            }
            return 0
        } catch {
            return 1
        }
    }

    /// Makes the copy that is asked for next. In the copy its socket has taken the place of the template's.
    ///
    /// - Returns: the copy's number, 0 in the copy; nil when the daemon wants no more.
    private func nextCopy() throws -> Int32? {
        guard let (_, files) = try channel.receive(TemplateRequest.self) else { return nil }
        // Here its socket closes when this returns, so that it is the copy's alone and closes with it.
        defer { withExtendedLifetime(files) {} }
        guard files.count == 1 else { throw WorkerError.badJob }
        let copy = refine_fork_sibling()
        try WorkerSandbox.check(min(copy, 0), "copying the template")
        if copy == 0, dup2(files[0].number, channel.socket) != channel.socket { _exit(1) }
        return copy
    }
}
