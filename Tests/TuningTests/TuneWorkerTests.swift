import Foundation
import TestSupport
import Testing
import WorkerProtocol

@Suite("Tuner process", .serialized) struct TuneWorkerTests {
    private let place: Place
    private let base: String

    init() throws {
        place = try Place()
        base = try place.folder("base")
        try SmallBase.write(to: base)
    }

    private func order(_ steps: Int = 6) throws -> TrainOrder {
        TrainOrder(
            run: try place.folder("run"), base: base, parent: base, generation: "personal-1", seed: 5,
            size: .small(steps: steps))
    }

    private func start(_ task: TuneTask, photos: Int = 3) async throws -> TuneWorker {
        let worker = try TuneWorker(
            executable: try WorkerExecutable.find(), task, TuneLimits(threads: 1))
        for i in 0..<photos { _ = await worker.add(try stripedPhoto(i), key: UInt64(i)) }
        _ = await worker.work()
        return worker
    }

    private func events(of worker: TuneWorker) async -> [TuneWorker.Event] {
        var all: [TuneWorker.Event] = []
        for await event in worker.events { all.append(event) }
        return all
    }

    private func weights(_ folder: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(folder)/unet/diffusion_pytorch_model.safetensors"))
    }

    @Test("trains, tells each step, and writes weights that differ from those it began with")
    func trains() async throws {
        let order = try order()
        let all = await events(of: try await start(.train(order)))
        #expect(all.dropFirst(1).prefix(6) == (1...6).map { .progress(step: $0, steps: 6) }[...])
        #expect(all.suffix(2) == [.trained(steps: 6), .ended(died: false)])
        #expect(try weights(order.export) != weights(base))
        let index = try String(contentsOfFile: "\(order.export)/model_index.json", encoding: .utf8)
        // What calls are answered with that do not ask for it stays the base's.
        #expect(index.contains("\"default_guidance\" : 2"))
        #expect(index.contains("personal-1"))
    }

    @Test("every guard holds before the first photo, and Landlock leaves nothing but its folders")
    func guards() async throws {
        guard case .ready(let report)? = await events(of: try await start(.train(try order(1)))).first else {
            Issue.record("the tuner did not report")
            return
        }
        for (name, holds) in report.sandbox.guards where name != "landlock" { #expect(holds, "\(name)") }
        #expect(report.sandbox.guards["landlock"] == (report.sandbox.landlock.abi > 0))
        #expect(!report.plan.isEmpty)
    }

    @Test("killed at its third step and started again it ends with the weights of a run that was not")
    func resumes() async throws {
        let order = try order()
        let undisturbed = TrainOrder(
            run: try place.folder("other"), base: base, parent: base, generation: "personal-1", seed: 5,
            size: .small())
        _ = await events(of: try await start(.train(undisturbed)))

        let worker = try await start(.train(order))
        for await event in worker.events {
            if event == .progress(step: 3, steps: 6) { kill(worker.processID, SIGKILL) }
        }
        let second = await events(of: try await start(.train(order)))
        guard case .progress(let first, _)? = second.dropFirst().first else {
            Issue.record("no progress: \(second)")
            return
        }
        // A checkpoint every second step: what is lost is one interval at most.
        #expect(first > 1, "it began anew")
        #expect(try weights(order.export) == weights(undisturbed.export))
    }

    @Test("held it makes no step, and SIGTERM ends it at once")
    func holdAndEnd() async throws {
        let worker = try await start(.train(try order(100_000)))
        var steps = 0
        for await event in worker.events {
            guard case .progress(let step, _) = event else { continue }
            steps = step
            if step == 2 { break }
        }
        worker.hold()
        try await eventually("the process to be stopped") { Self.state(of: worker.processID) == "T" }
        let used = worker.processorSeconds
        #expect(used > 0)
        #expect(worker.processorSeconds == used)
        worker.proceed()
        kill(worker.processID, SIGTERM)
        #expect(await events(of: worker).last == .ended(died: true))
        #expect(steps == 2)
    }

    @Test("a folder that is no model is an error with its code and without its path")
    func badModel() async throws {
        var order = try order()
        order.base = try place.folder("empty")
        order.parent = order.base
        let all = await events(of: try await start(.train(order)))
        guard case .failed(let error)? = all.dropLast().last else {
            Issue.record("no error: \(all)")
            return
        }
        #expect(error.reason == "model-missing-file")
        #expect(!error.message.contains(place.path))
    }

    @Test("without photos it says so")
    func noPhotos() async throws {
        let all = await events(of: try await start(.train(try order()), photos: 0))
        guard case .failed(let error)? = all.dropLast().last else {
            Issue.record("no error: \(all)")
            return
        }
        #expect(error.reason == "no-usable-photos")
    }

    @Test("a file that cannot be written whole is an error, and the last checkpoint stays")
    func fullDisk() async throws {
        let order = try order(2)
        _ = await events(of: try await start(.train(order)))
        let before = try FileManager.default.contentsOfDirectory(atPath: order.run).sorted()
        // As on a full disk, every write past a few kilobytes fails.
        let worker = try TuneWorker(
            executable: try WorkerExecutable.find(),
            .train(
                TrainOrder(
                    run: try place.folder("full"), base: base, parent: base, generation: "personal-2", seed: 5,
                    size: .small())),
            TuneLimits(threads: 1, fileBytes: 20_000))
        for i in 0..<3 { _ = await worker.add(try stripedPhoto(i), key: UInt64(i)) }
        _ = await worker.work()
        let all = await events(of: worker)
        guard case .failed(let error)? = all.dropLast().last else {
            Issue.record("no error: \(all)")
            return
        }
        #expect(error.reason == "cannot-write")
        #expect(try FileManager.default.contentsOfDirectory(atPath: order.run).sorted() == before)
        #expect(try !FileManager.default.contentsOfDirectory(atPath: "\(place.path)/full").contains("latest.json"))
    }

    @Test("a judgement of weights against themselves finds no difference, photo by photo")
    func judges() async throws {
        let order = JudgeOrder(candidate: base, current: base, base: base, seed: 3, size: .small())
        let all = await events(of: try await start(.judge(order)))
        guard case .judged(let figures)? = all.dropLast().last else {
            Issue.record("not judged: \(all)")
            return
        }
        #expect(figures.gains == [0: 0, 1: 0, 2: 0])
        #expect(figures.canary == [0, 0, 0])
    }

    @Test("runs at the lowest priority")
    func priority() async throws {
        let worker = try await start(.train(try order(100_000)))
        for await event in worker.events { if case .progress = event { break } }
        defer { worker.end() }
        // policy, field 41 of proc(5)'s stat: 5 is SCHED_IDLE; field 19 is the nice value.
        let fields = Self.stat(of: worker.processID)
        #expect(fields[38] == "5")
        #expect(fields[16] == "19")
    }

    private static func stat(of process: pid_t) -> [Substring] {
        let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        return text.split(separator: ")").last?.split(separator: " ") ?? []
    }

    private static func state(of process: pid_t) -> Substring? { stat(of: process).first }
}
