import BusTransport
import RefineBus
import RefineDaemon
import Synchronization
import TestSupport
import Testing

@Suite struct ModelSwapTests {
    /// Makes engines of generation 1, 2, 3...
    private final class Shelf: Sendable {
        private let count = Mutex(0)

        func engine(_ gate: StepGate?) -> TestEngine {
            let number = count.withLock { count in
                count += 1
                return count
            }
            return TestEngine(gate: gate, generation: String(number))
        }
    }

    @Test func jobInFlightIsFinishedWithTheModelThatItBeganWith() async throws {
        let (gate, shelf) = (StepGate(), Shelf())
        try await TestDaemon.with(loader: { shelf.engine(gate) }) { daemon in
            var options = InpaintOptions()
            options.variants = 2
            let first = try await daemon.inpaint(options)
            gate.allow(1)
            try await eventually("the second step of the first variant") { gate.arrived == 2 }
            // The engine's thread is at that step: the new model is loaded behind it.
            let swap = Task { try await daemon.room.reload() }
            gate.open()
            #expect(try await swap.value.generation == "2")
            #expect(try await first.end() == "")
            // The second variant too.
            #expect(try await first.result().info.generation == "1")
            let second = try await daemon.inpaint()
            #expect(try await second.end() == "")
            #expect(try await second.result().info.generation == "2")
        }
    }

    @Test func newModelIsAnnounced() async throws {
        let shelf = Shelf()
        try await TestDaemon.with(loader: { shelf.engine(nil) }) { daemon in
            func generation() async throws -> String? {
                try await daemon.get("Model")?.options?["generation"]?.content()
            }
            try await eventually("the first model") { try await generation() == "1" }
            _ = try await daemon.room.reload()
            try await eventually("the second model") { try await generation() == "2" }
        }
    }

    @Test func modelThatCannotBeLoadedLeavesTheOneInUse() async throws {
        let isBroken = Atomic<Bool>(false)
        let room = try EngineRoom {
            if isBroken.load(ordering: .relaxed) { throw RefineError(.noModel, "model", "damaged", "it is damaged") }
            return TestEngine()
        }
        _ = try await room.load()
        isBroken.store(true, ordering: .relaxed)
        await #expect(throws: RefineError.self) { try await room.reload() }
        #expect(try await room.load().generation == "1")
    }
}
