import BusTransport
import RefineBus

/// One job, with all that belongs to it.
struct Job: Sendable {
    /// What is to be done; let go of when the job is finished.
    struct Input: Sendable {
        let source: JobSource
        let request: FillRequest
        let compare: Bool
    }

    /// What came out.
    struct Result: Sendable {
        let images: [EncodedFile]
        let info: ResultInfo

        var bytes: Int { images.reduce(0) { $0 + $1.size } }
    }

    let path: String
    /// The unique name of the caller; nil when it has left.
    var owner: String?
    let isDetached: Bool
    var input: Input?
    var machine = JobMachine()
    var result: Result?
    /// Whether the caller knows the path: only then the work may begin and signals may go out.
    var isReleased = false
}

/// All jobs, in the order of their arrival. Pure bookkeeping: no work, no bus, no clock.
struct JobBook: Sendable {
    private(set) var jobs: [String: Job] = [:]
    private var order: [String] = []

    subscript(path: String) -> Job? {
        get { jobs[path] }
        set {
            if newValue == nil { order.removeAll { $0 == path } } else if jobs[path] == nil { order.append(path) }
            jobs[path] = newValue
        }
    }

    /// How many jobs wait or run.
    var activeCount: Int { jobs.values.count { !$0.machine.isFinished } }

    /// The job to work on next.
    var next: Job? {
        ordered.first { $0.isReleased && $0.machine.phase == .queued }
    }

    func paths(of owner: String) -> [String] {
        ordered.filter { $0.owner == owner }.map(\.path)
    }

    /// The finished jobs that are too many: the oldest first, never the newest.
    func surplus(_ limits: ServiceLimits) -> [String] {
        let finished = ordered.filter(\.machine.isFinished)
        var count = finished.count
        var bytes = finished.reduce(0) { $0 + ($1.result?.bytes ?? 0) }
        var surplus: [String] = []
        for job in finished.dropLast() where count > limits.keptResults || bytes > limits.keptBytes {
            surplus.append(job.path)
            count -= 1
            bytes -= job.result?.bytes ?? 0
        }
        return surplus
    }

    private var ordered: [Job] { order.compactMap { jobs[$0] } }
}
