import BusTransport
import Foundation
import RefineBus
import RefineDaemon
import TestSupport
import Testing

@Suite struct JobLifeTests {
    @Test func photoComesBackFilledInsideTheMaskOnly() async throws {
        try await TestDaemon.with { daemon in
            var options = InpaintOptions()
            options.seed = 7
            options.compare = true
            let job = try await daemon.inpaint(options)
            #expect(try await job.end() == "")
            let result = try await job.result()
            let map = try PortableMap(try content(of: try #require(result.images.first)), "result")
            #expect(map.samples.prefix(18).allSatisfy { $0 == 128 })
            #expect(map.samples.dropFirst(18).allSatisfy { $0 == 10 })
            #expect(result.info.seed == 7 && result.info.steps == 3 && result.info.model == "grey")
            #expect(result.info.format == "ppm" && result.info.width == 8 && result.info.height == 4)
            #expect(result.info.warnings.isEmpty && result.info.notes == ["lossless"])
            #expect(Set(result.info.seconds.keys) == ["decode", "prefill", "denoise", "blend", "encode", "compare"])
            #expect(result.images.count == 2 && result.info.compareIndex == 1)
        }
    }

    @Test func resultCanBeReadTwiceFromItsStart() async throws {
        try await TestDaemon.with { daemon in
            let job = try await daemon.inpaint()
            #expect(try await job.end() == "")
            for _ in 0..<2 {
                let file = try #require(try await job.result().images.first)
                var first: UInt8 = 0
                #expect(read(file.rawValue, &first, 1) == 1 && first == UInt8(ascii: "P"))
                #expect(lseek(file.rawValue, 0, SEEK_END) > 0)
            }
        }
    }

    @Test func boxFillsWithoutAMask() async throws {
        try await TestDaemon.with { daemon in
            var options = InpaintOptions()
            options.box = [.init(x: 1, y: 0, width: 2, height: 1)]
            let job = try await daemon.manager.inpaint(
                image: memory(PortableMap.photo(8, 4)), mask: .memory(named: "empty"), options)
            #expect(try await job.end() == "")
            let map = try PortableMap(try content(of: try #require(try await job.result().images.first)), "result")
            #expect(map.samples.indices.filter { map.samples[$0] == 128 } == Array(3..<9))
        }
    }

    @Test func progressGoesUpStageByStage() async throws {
        try await TestDaemon.with(steps: 4) { daemon in
            let job = try await daemon.inpaint()
            var stages: [String] = []
            var progress: [Double] = []
            for await event in job.events() {
                guard case .changed(let properties) = event else { continue }
                if stages.last != properties.stage { stages.append(properties.stage) }
                progress.append(properties.progress)
                #expect(properties.operation == "inpaint" && properties.startTime == 1_700_000_000_000_000)
            }
            #expect(stages == ["decode", "prefill", "denoise", "encode", "done"])
            #expect(progress == progress.sorted() && progress.last == 1)
        }
    }

    @Test func expectedEndFollowsTheSteps() async throws {
        let gate = StepGate()
        try await TestDaemon.with(gate: gate, steps: 4) { daemon in
            let job = try await daemon.inpaint()
            try await eventually("the first step") { gate.arrived == 1 }
            daemon.clock.advance(by: .seconds(3))
            gate.allow(1)
            let expected = try await eventually("an expectation") { () -> UInt64? in
                let value = try await daemon.get("ExpectedEndTime", of: RefineNames.job, at: job.path)
                return value?.content(as: UInt64.self).flatMap { $0 == 0 ? nil : $0 }
            }
            // One of four steps took three seconds.
            #expect(expected == 1_700_000_000_000_000 + 12_000_000)
        }
    }

    @Test func cancelEndsTheJobWithinOneStep() async throws {
        let gate = StepGate()
        try await TestDaemon.with(gate: gate, steps: 50) { daemon in
            let job = try await daemon.inpaint()
            try await eventually("the first step") { gate.arrived == 1 }
            try await job.cancel()
            #expect(try await daemon.get("Cancelable", of: RefineNames.job, at: job.path) == .bool(false))
            gate.open()
            #expect(try await job.end() == "org.refinecontrol.Refine1.Error.Cancelled")
            #expect(gate.arrived == 1)
            let error = await #expect(throws: RefineError.self) { _ = try await job.result() }
            #expect(error?.code == .cancelled)
            // A finished job stays finished.
            try await job.cancel()
            // And the next one runs.
            #expect(try await daemon.inpaint().end() == "")
        }
    }

    @Test func cancelledWhileWaitingNeverStarts() async throws {
        let gate = StepGate()
        try await TestDaemon.with(gate: gate, steps: 2) { daemon in
            let first = try await daemon.inpaint()
            let second = try await daemon.inpaint()
            try await eventually("the first step") { gate.arrived == 1 }
            #expect(try await daemon.get("QueueLength") == .uint32(2))
            #expect(try await daemon.get("Stage", of: RefineNames.job, at: second.path) == .string("queued"))
            try await second.cancel()
            #expect(try await second.end() == "org.refinecontrol.Refine1.Error.Cancelled")
            gate.open()
            #expect(try await first.end() == "")
            #expect(gate.arrived == 2)
        }
    }

    @Test func fullQueueAnswersBusy() async throws {
        let gate = StepGate()
        var limits = ServiceLimits()
        limits.queueLength = 2
        try await TestDaemon.with(gate: gate, limits: limits) { daemon in
            let first = try await daemon.inpaint()
            let second = try await daemon.inpaint()
            let error = await #expect(throws: RefineError.self) { _ = try await daemon.inpaint() }
            #expect(error?.code == .busy)
            gate.open()
            #expect(try await first.end() == "")
            #expect(try await second.end() == "")
            #expect(try await daemon.inpaint().end() == "")
        }
    }

    @Test func callerThatLeavesHasItsJobsCancelled() async throws {
        let gate = StepGate()
        try await TestDaemon.with(gate: gate, steps: 50) { daemon in
            let caller = try await daemon.bus.connect()
            let job = try await daemon.inpaint(over: caller)
            _ = try await daemon.inpaint(over: caller)
            try await eventually("the first step") { gate.arrived == 1 }
            await caller.close()
            // The one that waits ends at once, the one that runs after its step.
            try await eventually("the news") { try await daemon.get("QueueLength") == .uint32(1) }
            gate.open()
            try await eventually("an empty queue") { try await daemon.get("QueueLength") == .uint32(0) }
            #expect(gate.arrived == 1)
            let error = await #expect(throws: BusError.self) {
                _ = try await daemon.call("GetResult", job: job.path, over: daemon.client)
            }
            #expect(error?.name == "org.refinecontrol.Refine1.Error.NotFound")
        }
    }

    @Test func detachedJobOutlivesItsCallerForTenMinutes() async throws {
        let gate = StepGate()
        try await TestDaemon.with(gate: gate) { daemon in
            let caller = try await daemon.bus.connect()
            var options = InpaintOptions()
            options.detach = true
            let job = try await daemon.inpaint(options, over: caller)
            try await eventually("the first step") { gate.arrived == 1 }
            await caller.close()
            gate.open()
            let reply = try await eventually("the result") {
                try? await daemon.call("GetResult", job: job.path, over: daemon.client)
            }
            #expect(reply.first?.descriptors?.count == 1)
            try await eventually("the timer") { daemon.clock.sleeperCount == 1 }
            daemon.clock.advance(by: .seconds(599))
            _ = try await daemon.call("GetResult", job: job.path, over: daemon.client)
            daemon.clock.advance(by: .seconds(1))
            try await eventually("the end of the result") {
                do {
                    _ = try await daemon.call("GetResult", job: job.path, over: daemon.client)
                    return false
                } catch let error as BusError {
                    return error.name == "org.refinecontrol.Refine1.Error.NotFound"
                }
            }
        }
    }

    @Test func failingEngineFailsItsJobOnly() async throws {
        let gate = StepGate()
        try await TestDaemon.with(gate: gate) { daemon in
            gate.fail(RefineError(.failed, "model", "modelFailed", "not a picture", remedy: "another model"))
            let job = try await daemon.inpaint()
            #expect(try await job.end() == "org.refinecontrol.Refine1.Error.Failed")
            let error = await #expect(throws: RefineError.self) { _ = try await job.result() }
            #expect(error?.subject == "model" && error?.remedy == "another model")
        }
    }

    @Test func oldResultsMakeRoomForNewOnes() async throws {
        var limits = ServiceLimits()
        limits.keptResults = 2
        try await TestDaemon.with(limits: limits) { daemon in
            var jobs: [JobProxy] = []
            for _ in 0..<3 {
                let job = try await daemon.inpaint()
                #expect(try await job.end() == "")
                jobs.append(job)
            }
            let error = await #expect(throws: RefineError.self) { _ = try await jobs[0].result() }
            #expect(error?.code == .notFound)
            #expect(try await jobs[1].result().images.count == 1)
            #expect(try await jobs[2].result().images.count == 1)
            // And no timer waits for what has gone.
            try await eventually("the timers of two results") { daemon.clock.sleeperCount == 2 }
        }
    }

    @Test func stoppingDaemonCancelsAndGivesBackItsName() async throws {
        let gate = StepGate()
        gate.allow(1)
        try await PrivateBus.with { bus in
            var parts = Daemon.Parts()
            parts.log = .init(label: "test")
            let room = try EngineRoom { TestEngine(steps: 50, gate: gate) }
            let daemon = Daemon(address: try BusAddress(bus.address), codec: TestCodec(), room: room, parts: parts)
            let running = Task { try await daemon.run() }
            let client = try await bus.connect()
            try await eventually("the name") { try await client.owner(of: RefineNames.bus) != nil }
            let job = try await ManagerProxy(client).inpaint(
                image: memory(PortableMap.photo(8, 4)), mask: memory(PortableMap.mask(8, 4, marked: 3)), .init())
            try await eventually("the second step") { gate.arrived == 2 }
            running.cancel()
            var end: String?
            for await event in job.events() {
                switch event {
                case .changed(let properties):
                    // Only now it is sure that the step that waits is the last.
                    if !properties.cancelable { gate.open() }
                case .completed(_, let error):
                    end = error
                }
            }
            #expect(end == "org.refinecontrol.Refine1.Error.Cancelled")
            #expect(gate.arrived == 2)
            try await running.value
            try await eventually("the free name") { try await client.owner(of: RefineNames.bus) == nil }
        }
    }

    @Test func endOfTheBusEndsTheDaemon() async throws {
        try await PrivateBus.with { bus in
            let room = try EngineRoom { TestEngine() }
            let daemon = Daemon(address: try BusAddress(bus.address), codec: TestCodec(), room: room, parts: .init())
            let running = Task { try await daemon.run() }
            let client = try await bus.connect()
            try await eventually("the name") { try await client.owner(of: RefineNames.bus) != nil }
            bus.kill()
            try await running.value
        }
    }

    @Test func noDescriptorsLeakOverManyJobs() async throws {
        let name = "leak-\(UUID().uuidString)"
        try await TestDaemon.with(codec: TestCodec(fileName: name)) { daemon in
            for _ in 0..<10 {
                let caller = try await daemon.bus.connect()
                let job = try await ManagerProxy(caller).inpaint(
                    image: memory(PortableMap.photo(8, 4), named: name),
                    mask: memory(PortableMap.mask(8, 4, marked: 6), named: name), .init())
                #expect(try await job.end() == "")
                #expect(try await job.result().images.count == 1)
                #expect(try openMemoryFiles(named: name) > 0)
                await caller.close()
            }
            try await eventually("closed descriptors") { try openMemoryFiles(named: name) == 0 }
        }
    }
}
