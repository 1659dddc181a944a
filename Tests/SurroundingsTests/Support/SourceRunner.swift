import Personalization
import RefineDaemon
import Synchronization
import TestSupport

/// Follows a source for the time of a test.
struct SourceRunner {
    private let source: any SurroundingsSource
    private let changes = Counter()

    private final class Counter: Sendable {
        let count = Mutex(0)
    }

    static func with<T>(_ source: any SurroundingsSource, _ body: (SourceRunner) async throws -> T) async throws -> T {
        let runner = SourceRunner(source: source)
        let changes = runner.changes
        let following = Task { await source.follow { changes.count.withLock { $0 += 1 } } }
        do {
            let result = try await body(runner)
            following.cancel()
            await following.value
            return result
        } catch {
            following.cancel()
            throw error
        }
    }

    /// How often a change was told.
    var told: Int { changes.count.withLock { $0 } }

    func now() async -> Surroundings {
        var now = Surroundings()
        await source.read(into: &now)
        return now
    }

    /// Waits until what is read is as wanted, and a change was told since `earlier`.
    func wait(_ what: String, after earlier: Int = 0, _ isWanted: (Surroundings) -> Bool) async throws {
        try await eventually(what) {
            let now = await now()
            return told > earlier && isWanted(now)
        }
    }
}
