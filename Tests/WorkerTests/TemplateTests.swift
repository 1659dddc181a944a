import Foundation
import Glibc
import ImageCodec
import Testing
import WorkerProtocol

/// Workers are copies of a template. Each is a process of its own and a child of this one, and none is left over.
@Suite struct TemplateTests {
    /// A codec on refine-worker by a name of its own, so that its processes can be told from those of other tests.
    private func with(_ name: String, _ body: (CodecWorker, _ path: String) async throws -> Void) async throws {
        let path = "/tmp/\(name)-\(getpid())"
        try #require(symlink(try WorkerExecutable.find(), path) == 0)
        defer { unlink(path) }
        try await body(CodecWorker(executable: path), path)
    }

    /// Waits until there are the template and the one copy that waits for a job, and nothing else.
    ///
    /// - Returns: the template's number, the older one's.
    private func waiting(_ path: String) async throws -> pid_t {
        var all: [(number: pid_t, hasEnded: Bool)] = []
        let isSo = await eventually {
            all = (try? childProcesses(of: path)) ?? []
            return all.count == 2 && all.allSatisfy { !$0.hasEnded }
        }
        #expect(isSo, "\(all)")
        return try #require(all.map(\.number).min())
    }

    private func decode(_ codec: CodecWorker, _ file: TemporaryFile) async throws {
        _ = try await codec.decode(
            image: file.descriptor, mask: nil,
            options: DecodeOptions(boxes: [FillBox(x: 0, y: 0, width: 3, height: 3)]))
    }

    @Test func jobsEndAndTheTemplateStays() async throws {
        try await with("rwt-stay") { codec, path in
            let file = TemporaryFile(try TestPhoto.gradient(20, 20).png())
            try await decode(codec, file)
            let template = try await waiting(path)
            for _ in 0..<20 { try await decode(codec, file) }
            #expect(try await waiting(path) == template)
        }
    }

    @Test func everyCallHasAProcessOfItsOwn() async throws {
        try await with("rwt-own") { codec, path in
            // All at the same time, and each finds its sandbox closed.
            try await withThrowingTaskGroup(of: [String: Bool].self) { group in
                for _ in 0..<12 { group.addTask { try await codec.selfCheck() } }
                for try await guards in group {
                    #expect(guards.count == 10 && guards.allSatisfy { $0.value || $0.key == "landlock" })
                }
            }
            _ = try await waiting(path)
        }
    }

    @Test func cancelledAtAnyMomentNothingIsLeft() async throws {
        try await with("rwt-cancel") { codec, path in
            let file = TemporaryFile(try TestPhoto.gradient(200, 200).png())
            var numbers = SeededNumbers(seed: 3)
            for round in 0..<60 {
                let task = Task { try await decode(codec, file) }
                usleep(UInt32.random(in: 0..<6000, using: &numbers))
                task.cancel()
                do { try await task.value } catch { #expect((error as? WorkerError)?.code == .cancelled, "\(round)") }
            }
            try await decode(codec, file)
            _ = try await waiting(path)
        }
    }

    @Test func templateThatIsKilledCostsNoJobAndLeavesNothing() async throws {
        try await with("rwt-kill") { codec, path in
            let file = TemporaryFile(try TestPhoto.gradient(20, 20).png())
            for _ in 0..<10 {
                codec.prepare()
                // While it starts, while it waits, while it copies itself. Dead, not only told to die.
                #expect(
                    await eventually {
                        guard let all = try? childProcesses(of: path) else { return false }
                        for process in all { kill(process.number, SIGKILL) }
                        return all.allSatisfy(\.hasEnded)
                    })
                try await decode(codec, file)
            }
            _ = try await waiting(path)
        }
    }

    @Test func workerThatDiedTakesItsTemplateAlong() async throws {
        try await with("rwt-renew") { codec, path in
            // Slow enough to be found at its work.
            let file = TemporaryFile(
                try TestPhoto(
                    width: 6000, height: 4000, bands: 3, samples: .init(repeating: 9, count: 72_000_000)
                ).tiff())
            // A job takes some 50 ms, in which a busy machine may not let us look: then the next one is killed.
            var template: pid_t?, error: WorkerError?
            for _ in 0..<20 where error == nil {
                codec.prepare()
                let current = try await waiting(path)
                template = current
                // The copy that waits is the one that gets the job.
                let worker = try #require(
                    childProcesses(of: path).first { $0.number != current && !$0.hasEnded }?.number)
                let job = Task { try await decode(codec, file) }
                await killedAtWork(worker)
                do { try await job.value } catch let died as WorkerError { error = died }
            }
            #expect(error?.reason == "worker-died")
            #expect(await eventually { (try? childProcesses(of: path).isEmpty) == true })
            _ = try await codec.selfCheck()
            #expect(try childProcesses(of: path).allSatisfy { $0.number != template })
        }
    }

    /// Kills a worker once its sandbox is closed: then it has read its job. Looks without a pause.
    private func killedAtWork(_ worker: pid_t) async {
        await Task.detached {
            let deadline = ContinuousClock.now + .seconds(10)
            while ContinuousClock.now < deadline,
                let limits = try? String(contentsOfFile: "/proc/\(worker)/limits", encoding: .utf8)
            {
                guard limits.contains("Max open files            64") else { continue }
                kill(worker, SIGKILL)
                return
            }
        }.value
    }
}
