import ImageLibrary

/// What deciding about tuning needs of the library: how many photos there are, and what is to be remembered.
package protocol TuningLibrary: Sendable {
    /// Ready photos to learn from, to check by, and that no run has used; near-duplicates counted once.
    func counts() throws -> PhotoCounts
    /// Tells when the counts may be different, until the task is cancelled.
    func follow(_ changed: @escaping @Sendable () -> Void) async
    /// What the user has said and is to last; nil where nothing was said.
    func setting(_ name: String) throws -> String?
    func set(_ name: String, _ value: String?) throws
    /// Seconds of tuning on a day such as `2026-11-27`.
    func usedSeconds(on day: String) throws -> Double
    func addUsedSeconds(_ seconds: Double, on day: String) throws
}

package struct PhotoCounts: Sendable, Equatable {
    package var training = 0
    package var heldOut = 0
    package var unseen = 0
    /// Whether a run was begun and is to be gone on with.
    package var hasUnfinishedRun = false

    package init(training: Int = 0, heldOut: Int = 0, unseen: Int = 0, hasUnfinishedRun: Bool = false) {
        self.training = training
        self.heldOut = heldOut
        self.unseen = unseen
        self.hasUnfinishedRun = hasUnfinishedRun
    }
}

extension LibraryHandle: TuningLibrary {
    package func counts() throws -> PhotoCounts {
        let store = try store()
        let counts = try store.tuningCounts()
        return PhotoCounts(
            training: counts.training, heldOut: counts.heldOut, unseen: counts.unseen,
            hasUnfinishedRun: try store.currentRun() != nil)
    }

    package func follow(_ changed: @escaping @Sendable () -> Void) async {
        guard let observation = try? store().followClusters(changed) else { return }
        let (never, end) = AsyncStream.makeStream(of: Void.self)
        await withTaskCancellationHandler {
            for await _ in never {}
        } onCancel: {
            end.finish()
        }
        withExtendedLifetime(observation) {}
    }

    package func setting(_ name: String) throws -> String? { try store().setting(name) }

    package func set(_ name: String, _ value: String?) throws { try store().set(name, value) }

    package func usedSeconds(on day: String) throws -> Double { try store().usedSeconds(on: day) }

    package func addUsedSeconds(_ seconds: Double, on day: String) throws {
        try store().addUsedSeconds(seconds, on: day)
    }
}
