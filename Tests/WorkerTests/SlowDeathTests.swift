import Foundation
import Glibc
import TestSupport
import Testing
import WorkerProtocol

/// A worker that is killed may take its time to die, on a loaded machine or with much memory. Nobody waits for that: not
/// the next photo, not the thread that gives the worker up.
@Suite struct SlowDeathTests {
    @Test func nobodyWaitsForTheDeathOfAWorkerAndNoneIsLeft() async throws {
        // A process that its tracer keeps from being waited for until the FIFO is closed (Tests/GuardProbe).
        let name = "/tmp/rwt-slow-\(getpid())"
        let fifo = name + ".fifo"
        try #require(symlink(Program.product("guard-probe", bus: nil).executable.path, name) == 0)
        try #require(mkfifo(fifo, 0o600) == 0)
        let standIn = try await StandIn("exec \(name) linger \(fifo)")
        defer { for path in [name, fifo, standIn.path] { unlink(path) } }
        var gate = open(fifo, O_RDWR | O_CLOEXEC)
        try #require(gate >= 0)
        defer { if gate >= 0 { close(gate) } }

        let photo = TemporaryFile([1, 2, 3])
        defer { withExtendedLifetime(photo) {} }
        var worker: ScanWorker? = ScanWorker(executable: standIn.path)
        // Each call is answered with nonsense, gives its process up and has to be able to start another.
        for count in 1...2 {
            let error = await #expect(throws: WorkerError.self) { try await worker?.scan(photo.descriptor) }
            #expect(error?.reason == "protocol")
            #expect(try childProcesses(of: name).count == count)
            #expect(await eventually { (try? childProcesses(of: name).allSatisfy(\.hasEnded)) == true })
        }
        worker = nil
        #expect(try childProcesses(of: name).count == 2)

        close(gate)
        gate = -1
        #expect(await eventually { (try? childProcesses(of: name).isEmpty) == true })
    }
}
