import RefineBus
import RefineDaemon
import Synchronization
import TestSupport
import Testing

/// What the engine does for later fills, and when.
@Suite struct IdlePreparationTests {
    @Test func waitsForAQuietMachineAndAnEmptyQueueAndEndsWhenAllIsDone() async throws {
        let gate = StepGate()
        let machine = Mutex((isIdle: false, asked: 0)), pieces = Mutex(0)
        let loader: EngineRoom.Loader = {
            TestEngine(gate: gate) {
                pieces.withLock { done in
                    done += 1
                    return done < 5
                }
            }
        }
        let isMachineIdle: @Sendable () -> Bool = {
            machine.withLock { state in
                state.asked += 1
                return state.isIdle
            }
        }
        try await TestDaemon.with(gate: gate, loader: loader, isMachineIdle: isMachineIdle) { daemon in
            try await eventually("a pause after the start") { daemon.clock.sleeperCount == 1 }
            #expect(machine.withLock(\.asked) == 0)
            daemon.clock.advance(by: .seconds(31))
            try await eventually("a look at the machine") { machine.withLock(\.asked) == 1 }
            #expect(pieces.withLock { $0 } == 0, "the machine is busy")

            let job = try await daemon.inpaint()
            machine.withLock { $0.isIdle = true }
            try await eventually("the pause and the job's deadline") { daemon.clock.sleeperCount == 2 }
            daemon.clock.advance(by: .seconds(31))
            #expect(pieces.withLock { $0 } == 0, "a job runs")
            gate.open()
            #expect(try await job.end() == "")

            try await eventually("all pieces") {
                daemon.clock.advance(by: .seconds(31))
                return pieces.withLock { $0 } == 5
            }
            #expect(try await daemon.inpaint().end() == "")
            daemon.clock.advance(by: .seconds(31))
            #expect(pieces.withLock { $0 } == 5)
        }
    }
}
