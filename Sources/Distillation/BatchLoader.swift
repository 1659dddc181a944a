import Dispatch
import Synchronization

/// Makes the batches of coming steps on background threads while the engine computes.
final class BatchLoader: Sendable {
    private let make: @Sendable (Int) throws -> TrainingBatch
    private let ahead: Int
    /// Serial ones, a thread each: to count the threads of a concurrent queue, Dispatch reads files in /proc that the
    /// tuner's sandbox closes.
    private let queues: [DispatchQueue]
    private let ready = Mutex<[Int: DispatchGroup]>([:])
    private let batches = Mutex<[Int: Result<TrainingBatch, any Error>]>([:])

    /// - Parameters:
    ///   - ahead: how many batches may be under way or waiting.
    ///   - make: the batch of a step; called on any thread.
    init(ahead: Int, make: @escaping @Sendable (Int) throws -> TrainingBatch) {
        self.ahead = ahead
        self.make = make
        queues = (0...ahead).map { DispatchQueue(label: "org.refinecontrol.batches-\($0)", qos: .utility) }
    }

    /// The batch of `step`; waits for it where it is not ready, and starts on the following ones.
    /// - Throws: what making the batch threw.
    func batch(step: Int, last: Int) throws -> TrainingBatch {
        for coming in step...max(step, min(step + ahead, last)) { begin(coming) }
        let group = ready.withLock { $0.removeValue(forKey: step) }
        group?.wait()
        return try batches.withLock { $0.removeValue(forKey: step) }?.get() ?? make(step)
    }

    private func begin(_ step: Int) {
        let group = DispatchGroup()
        let isNew = ready.withLock { ready in
            guard ready[step] == nil else { return false }
            ready[step] = group
            return true
        }
        guard isNew else { return }
        queues[step % queues.count].async(group: group) { [self] in
            let batch = Result { try make(step) }
            batches.withLock { $0[step] = batch }
        }
    }
}
