import RefineDaemon
import Synchronization
import Testing

@Suite struct TimeSourceTests {
    @Test func aLongSleepIsManyShortOnesWithoutMissingItsEnd() async throws {
        // A clock that each sleep moves, by a bit more than it was asked for.
        let now = Mutex<UInt64>(5_000_000)
        let pieces = Mutex<[Duration]>([])
        let time = TimeSource(
            now: { now.withLock { $0 } },
            sleep: { duration in
                pieces.withLock { $0.append(duration) }
                now.withLock { $0 += UInt64(duration / .microseconds(1)) + 1000 }
            })
        try await time.sleepInPieces(.seconds(1800))
        let slept = now.withLock { $0 } - 5_000_000
        #expect(slept >= 1_800_000_000 && slept <= 1_800_001_000)
        #expect(pieces.withLock { $0.allSatisfy { $0 <= .seconds(30) } })
    }

    @Test func aCancelledSleepEnds() async {
        let sleeper = Task { try await TimeSource.system.sleepInPieces(.seconds(1800)) }
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
    }
}
