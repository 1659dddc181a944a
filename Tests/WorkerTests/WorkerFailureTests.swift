import Foundation
import Glibc
import ImageCodec
import Synchronization
import TestSupport
import Testing
import WorkerProtocol

/// A worker that dies, hangs, or is no longer wanted costs its own job and nothing else. A stand-in takes its place
/// where it must misbehave.
@Suite struct WorkerFailureTests {
    private func expectFailure(
        _ line: String, reason: String, limits: WorkerLimits = WorkerLimits(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let standIn = try await StandIn(line)
        defer { standIn.remove() }
        let codec = CodecWorker(executable: standIn.path, limits: limits)
        let error = await #expect(throws: WorkerError.self, sourceLocation: sourceLocation) {
            try await codec.selfCheck()
        }
        #expect(error?.reason == reason, sourceLocation: sourceLocation)
    }

    @Test func workerKilledAtItsJobIsAnErrorOfThatJob() async throws {
        try await expectFailure("kill -9 $$", reason: "worker-died")
    }

    @Test func workerThatExitsWithoutAnswerIsAnError() async throws {
        try await expectFailure("exit 0", reason: "worker-died")
    }

    @Test func workerThatHangsIsKilledAtTheDeadline() async throws {
        let start = ContinuousClock.now
        try await expectFailure(
            "exec sleep 1000", reason: "deadline", limits: WorkerLimits(deadlineMilliseconds: 200))
        #expect(ContinuousClock.now - start < .seconds(100))
    }

    @Test func workerThatAnswersNonsenseIsAnError() async throws {
        try await expectFailure("echo nonsense >&3", reason: "protocol")
    }

    @Test func workerGetsItsSocketAndNoOtherDescriptor() async throws {
        // As a library would leave one: open across exec. Above all that other tests use.
        let leaked = fcntl(STDIN_FILENO, F_DUPFD, 700)
        try #require(leaked >= 700)
        defer { close(leaked) }
        let report = TemporaryFile([])
        defer { withExtendedLifetime(report) {} }
        let target = "/proc/\(getpid())/fd/\(report.descriptor)"
        // Descriptor 10 is the shell's own, for its script.
        try await expectFailure(
            "for n in 0 1 2 3 4 \(leaked); do [ -e /proc/$$/fd/$n ] && echo $n; done > \(target)",
            reason: "worker-died")
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = pread(report.descriptor, &buffer, 64, 0)
        #expect(String(decoding: buffer[..<max(count, 0)], as: UTF8.self) == "0\n1\n2\n3\n")
    }

    @Test func missingWorkerIsAnErrorThatSaysSo() async throws {
        let codec = CodecWorker(executable: "/nonexistent/refine-worker")
        let error = await #expect(throws: WorkerError.self) { try await codec.selfCheck() }
        #expect(error?.reason == "worker-missing")
    }

    @Test func cancelledTaskEndsItsWorker() async throws {
        let standIn = try await StandIn("exec sleep 1000")
        defer { standIn.remove() }
        let codec = CodecWorker(executable: standIn.path)
        let task = Task { try await codec.selfCheck() }
        // The stand-in becomes "sleep" when it runs.
        #expect(await eventually { !children(named: "sleep").isEmpty })
        let running = children(named: "sleep")
        task.cancel()
        let error = await #expect(throws: WorkerError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(await eventually { running.allSatisfy { kill($0, 0) != 0 } })
    }

    @Test func realWorkerKilledMidJobIsAnErrorAndTheNextJobWorks() async throws {
        // By a name of its own, so that no other test's worker is killed.
        let path = "/tmp/refine-worker-test-\(getpid())"
        try #require(symlink(try WorkerExecutable.find(), path) == 0)
        defer { unlink(path) }
        let codec = CodecWorker(executable: path)
        // Noise of 20 megapixels keeps a worker busy for a second or two.
        var numbers = SeededNumbers(seed: 5)
        let tile = TestPhoto.noise(500, 40, using: &numbers).samples
        let big = TestPhoto(
            width: 5000, height: 4000, bands: 3, samples: Array(repeatElement(tile, count: 1000).joined()))
        let file = TemporaryFile(try big.tiff())
        defer { withExtendedLifetime(file) {} }
        // Again and again: a spare that dies before the job reaches it costs nothing.
        // On a thread of its own: others may keep all of the test's.
        let ended = Flag()
        Thread.detachNewThread {
            while !ended.isSet { children(named: path).forEach { kill($0, SIGKILL) } }
        }
        defer { ended.set() }
        let error = await #expect(throws: WorkerError.self) {
            try await codec.decode(
                image: file.descriptor, mask: nil,
                options: DecodeOptions(boxes: [FillBox(x: 0, y: 0, width: 9, height: 9)]))
        }
        #expect(error?.reason == "worker-died")
        ended.set()
        _ = try await codec.selfCheck()
    }

    @Test func spareWorkerThatDiedWhileItWaitedCostsNoJob() async throws {
        let path = "/tmp/refine-worker-spare-\(getpid())"
        try #require(symlink(try WorkerExecutable.find(), path) == 0)
        defer { unlink(path) }
        let codec = CodecWorker(executable: path)
        for _ in 0..<3 {
            _ = try await codec.selfCheck()
            // The call has made a spare one ready, or still does, and its template; the one of the call itself may still
            // be there. Dead, not only told to die: a process has no command line any more before it has ended.
            #expect(await eventually { children(named: path).count > 1 })
            #expect(
                try await eventually {
                    let ours = try childProcesses(of: path)
                    ours.forEach { if !$0.hasEnded { kill($0.number, SIGKILL) } }
                    return ours.allSatisfy(\.hasEnded)
                })
        }
        _ = try await codec.selfCheck()
    }

    @Test(.enabled(if: !isSanitized, "under a sanitizer no process limits its addresses"))
    func workerOverItsMemoryLimitIsAnError() async throws {
        // The libraries alone take about 200 MB of addresses; 60 megapixels want 180 more.
        let worker = try TestWorker(limits: WorkerLimits(addressSpace: 300 << 20))
        let photo = TestPhoto(width: 10_000, height: 6000, bands: 3, samples: .init(repeating: 7, count: 180_000_000))
        let file = try photo.png()
        let error = await #expect(throws: WorkerError.self) {
            try await worker.decode(file, boxes: [FillBox(x: 0, y: 0, width: 9, height: 9)])
        }
        #expect(["worker-died", "memory", "system"].contains(error?.reason))
    }
}

/// Set once, seen by any thread.
private final class Flag: Sendable {
    private let value = Mutex(false)

    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
}
