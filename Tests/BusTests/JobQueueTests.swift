import BusTransport
import Foundation
import RefineBus
import RefineDaemon
import Synchronization
import TestSupport
import Testing

/// Many jobs and many callers: whose turn it is, how many there may be, who may see and end them.
@Suite struct JobQueueTests {
    @Test func callersTakeTurns() async throws {
        let gate = StepGate()
        try await TestDaemon.with(gate: gate, steps: 1) { daemon in
            let greedy = try await daemon.bus.connect()
            let modest = try await daemon.bus.connect()
            let events = try await daemon.events()
            var jobs: [JobProxy] = []
            for caller in [greedy, greedy, greedy, modest, greedy, modest] {
                jobs.append(try await daemon.inpaint(over: caller))
            }
            gate.open()
            var order: [UInt32] = []
            for await event in events {
                if case .ended(let number, _) = event { order.append(number) }
                if order.count == 6 { break }
            }
            // The first had begun before the modest one came.
            #expect(order == [1, 4, 2, 6, 3, 5])
            withExtendedLifetime(jobs) {}
        }
    }

    @Test func oneCallerCannotKeepOutTheOthers() async throws {
        let gate = StepGate()
        var limits = ServiceLimits()
        (limits.queueLength, limits.queueLengthPerCaller) = (3, 2)
        try await TestDaemon.with(gate: gate, limits: limits) { daemon in
            let other = try await daemon.bus.connect()
            let first = try await daemon.inpaint()
            _ = try await daemon.inpaint()
            let own = await #expect(throws: RefineError.self) { _ = try await daemon.inpaint() }
            #expect(own?.code == .busy && own?.reason == "full-for-caller" && own?.remedy.isEmpty == false)
            _ = try await daemon.inpaint(over: other)
            let all = await #expect(throws: RefineError.self) { _ = try await daemon.inpaint(over: other) }
            #expect(all?.code == .busy && all?.reason == "full")
            gate.open()
            #expect(try await first.end() == "")
        }
    }

    @Test func callsThatWaitForTheModelCountToo() async throws {
        let gate = StepGate()
        var limits = ServiceLimits()
        limits.queueLengthPerCaller = 2
        let loader: EngineRoom.Loader = {
            try gate.pass()
            return TestEngine()
        }
        try await TestDaemon.with(limits: limits, loader: loader) { daemon in
            let ends = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<40 {
                    group.addTask {
                        do {
                            return try await daemon.inpaint().end()
                        } catch let error as RefineError {
                            return error.reason
                        }
                    }
                }
                var ends: [String] = []
                for try await end in group {
                    ends.append(end)
                    // Those that were refused come first; the others need the model.
                    if ends.count == 38 { gate.open() }
                }
                return ends
            }
            #expect(ends.prefix(38).allSatisfy { $0 == "full-for-caller" } && ends.suffix(2) == ["", ""])
        }
    }

    @Test func jobThatTakesTooLongIsEnded() async throws {
        let gate = StepGate()
        var limits = ServiceLimits()
        limits.jobDuration = .seconds(60)
        try await TestDaemon.with(gate: gate, steps: 50, limits: limits) { daemon in
            let job = try await daemon.inpaint()
            try await eventually("the first step") { gate.arrived == 1 }
            daemon.clock.advance(by: .seconds(59))
            #expect(try await daemon.get("Cancelable", of: RefineNames.job, at: job.path) == .bool(true))
            daemon.clock.advance(by: .seconds(1))
            try await eventually("the deadline") {
                try await daemon.get("Cancelable", of: RefineNames.job, at: job.path) == .bool(false)
            }
            gate.open()
            #expect(try await job.end() == "org.refinecontrol.Refine1.Error.Failed")
            #expect(gate.arrived == 1)
            let error = await #expect(throws: RefineError.self) { _ = try await job.result() }
            #expect(error?.reason == "deadline" && error?.remedy.isEmpty == false)
            #expect(try await daemon.inpaint().end() == "")
        }
    }

    @Test func deadlineEndsWithItsJob() async throws {
        var limits = ServiceLimits()
        (limits.jobDuration, limits.retention) = (.seconds(60), .seconds(10))
        try await TestDaemon.with(limits: limits) { daemon in
            for _ in 0..<3 { #expect(try await daemon.inpaint().end() == "") }
            // What sleeps still are the three results.
            try await eventually("quiet") { daemon.clock.sleeperCount == 3 }
        }
    }

    @Test func jobsAreListedWithoutTheirPathsAndCanBeEndedByNumber() async throws {
        let gate = StepGate()
        try await TestDaemon.with(gate: gate, steps: 50) { daemon in
            var options = InpaintOptions()
            options.detach = true
            options.prompt = nil
            let first = try await daemon.inpaint(options)
            let second = try await daemon.inpaint()
            try await eventually("the first step") { gate.arrived == 1 }
            let stranger = ManagerProxy(try await daemon.bus.connect())
            // A job is listed once its caller knows of it.
            try await eventually("both jobs") { try await stranger.jobs().count == 2 }
            let jobs = try await stranger.jobs()
            #expect(jobs.map(\.number) == [1, 2])
            #expect(jobs.map(\.isDetached) == [true, false])
            #expect(jobs.allSatisfy { $0.owner == daemon.client.uniqueName })
            #expect(jobs.map(\.properties.stage) == ["prefill", "queued"])
            #expect(!"\(jobs)".contains(first.path.suffix(32)))
            try await stranger.cancel(job: 2)
            #expect(try await second.end() == "org.refinecontrol.Refine1.Error.Cancelled")
            try await stranger.cancel(job: 1)
            gate.open()
            #expect(try await first.end() == "org.refinecontrol.Refine1.Error.Cancelled")
            for number: UInt32 in [1, 3, .max] {
                let error = await #expect(throws: RefineError.self) { try await stranger.cancel(job: number) }
                #expect(error?.code == .notFound)
            }
            #expect(try await stranger.jobs().isEmpty)
        }
    }

    @Test func everybodyMayFollowJobs() async throws {
        try await TestDaemon.with(steps: 2) { daemon in
            let stranger = try await daemon.bus.connect()
            let events = try await daemon.events(over: stranger)
            _ = try await daemon.inpaint().end()
            var stages: [String] = []
            for await event in events {
                switch event {
                case .changed(let job):
                    #expect(job.number == 1)
                    if stages.last != job.properties.stage { stages.append(job.properties.stage) }
                case .ended(let number, let error): stages.append("end \(number) \(error)")
                }
                if stages.last?.hasPrefix("end") == true { break }
            }
            #expect(stages == ["queued", "decode", "prefill", "denoise", "encode", "done", "end 1 "])
            await stranger.close()
        }
    }

    @Test func daemonThatStillLoadsStopsAtOnce() async throws {
        let gate = StepGate()
        defer { gate.open() }
        try await PrivateBus.with { bus in
            let room = try EngineRoom {
                try gate.pass()
                return TestEngine()
            }
            let daemon = Daemon(address: try BusAddress(bus.address), codec: TestCodec(), room: room, parts: .init())
            let running = Task { try await daemon.run() }
            let client = try await bus.connect()
            try await eventually("the loader") { gate.arrived == 1 }
            let waiting = Task {
                try await ManagerProxy(client).inpaint(
                    image: memory(PortableMap.photo(8, 4)), mask: memory(PortableMap.mask(8, 4, marked: 3)), .init())
            }
            try await eventually("the name") { try await client.owner(of: RefineNames.bus) != nil }
            _ = try await ManagerProxy(client).properties()
            running.cancel()
            try await running.value
            // Loading never ended, and nobody waits for it.
            #expect(gate.arrived == 1)
            await #expect(throws: (any Error).self) { _ = try await waiting.value }
        }
    }
}

/// What a careless or hostile program sends.
@Suite struct FloodTests {
    @Test func callsOfOnePeerAreAllAnswered() async throws {
        let name = "flood-\(UUID().uuidString)"
        let gate = StepGate()
        try await TestDaemon.with(gate: gate, codec: TestCodec(fileName: name)) { daemon in
            let image = try memory(PortableMap.photo(8, 4), named: name)
            let mask = try memory(PortableMap.mask(8, 4, marked: 6), named: name)
            var answers: [String: Int] = [:]
            for _ in 0..<100 {
                try await withThrowingTaskGroup(of: String.self) { group in
                    // The bus itself allows 128 open calls of one connection.
                    for _ in 0..<100 {
                        group.addTask {
                            do {
                                _ = try await daemon.rawInpaint([.unixFD(image), .unixFD(mask), .options([:])])
                                return "job"
                            } catch let error as BusError {
                                return error.name ?? "?"
                            }
                        }
                    }
                    for try await answer in group { answers[answer, default: 0] += 1 }
                }
            }
            #expect(answers == ["job": 8, "org.refinecontrol.Refine1.Error.Busy": 9992])
            gate.open()
            try await eventually("an empty queue") { try await daemon.get("QueueLength") == .uint32(0) }
        }
        try await eventually("closed descriptors") { try openMemoryFiles(named: name) == 0 }
    }

    @Test func messageOfMillionsOfValuesIsRefusedUnread() async throws {
        try await TestDaemon.with { daemon in
            let values = BusValue.array(of: .bool, .init(repeating: .bool(true), count: 20_000))
            let error = await #expect(throws: BusError.self) {
                _ = try await daemon.client.call(
                    BusCall(
                        to: RefineNames.bus, path: RefineNames.root, interface: RefineNames.manager,
                        member: "ListJobs", [.options(["a": values])]))
            }
            #expect(error?.name == BusErrorName.limitsExceeded)
            let end = try await daemon.inpaint().end()
            #expect(end == "")
        }
    }

    @Test func guardsAreTriedOnceForAllWhoAskTogether() async throws {
        let (held, release) = AsyncStream.makeStream(of: Void.self)
        let tried = Mutex(0), asking = Mutex(0)
        let privacy: @Sendable () async -> [String: Bool] = {
            tried.withLock { $0 += 1 }
            for await _ in held {}
            return ["guard": true]
        }
        try await TestDaemon.with(privacy: privacy) { daemon in
            let ask: @Sendable () async throws -> BusValue? = {
                asking.withLock { $0 += 1 }
                return try await daemon.get("Privacy")
            }
            try await withThrowingTaskGroup(of: BusValue?.self) { group in
                for _ in 0..<50 { group.addTask(operation: ask) }
                // All of them ask and wait: what does not ask for guards overtakes them.
                try await eventually("the check") { tried.withLock { $0 } == 1 && asking.withLock { $0 } == 50 }
                #expect(try await daemon.get("QueueLength") == .uint32(0))
                release.finish()
                for try await value in group { #expect(value?.type.signature == "a{sb}") }
            }
            #expect(tried.withLock { $0 } <= 2)
        }
    }

    @Test func guardsAreTriedForWhoAsksForThemAndNotForAllProperties() async throws {
        let tried = Mutex(0), holds = Mutex(true)
        let privacy: @Sendable () async -> [String: Bool] = {
            tried.withLock { $0 += 1 }
            return ["guard": holds.withLock { $0 }]
        }
        try await TestDaemon.with(privacy: privacy) { daemon in
            func all() async throws -> Bool? {
                try await daemon.manager.properties()["Privacy"]?.content(as: [String: Bool].self)?["guard"]
            }
            for _ in 0..<3 { #expect(try await all() == true) }
            #expect(tried.withLock { $0 } == 1)
            holds.withLock { $0 = false }
            let asked: [String: Bool]? = try await daemon.manager.property("Privacy").content()
            #expect(asked == ["guard": false, "worker-test": true])
            #expect(tried.withLock { $0 } == 2)
            // One that did not hold is tried again each time.
            holds.withLock { $0 = true }
            for _ in 0..<3 { #expect(try await all() == true) }
            #expect(tried.withLock { $0 } == 3)
            daemon.clock.advance(by: .seconds(601))
            #expect(try await all() == true)
            #expect(tried.withLock { $0 } == 4)
        }
    }
}

extension TestDaemon {
    /// What the Manager tells everybody.
    fileprivate func events(over client: BusConnection? = nil) async throws -> AsyncStream<JobEvent> {
        let client = client ?? self.client
        let owner = try #require(try await client.owner(of: RefineNames.bus))
        return try await ManagerProxy(client).jobEvents(of: owner)
    }
}
