import RefineBus

/// All jobs, in the order of their arrival. Pure bookkeeping: no work, no bus, no clock.
struct JobBook: Sendable {
    private(set) var jobs: [String: Job] = [:]
    private var order: [String] = []
    private var lastNumber: UInt32 = 0
    private var starts = 0

    subscript(path: String) -> Job? {
        get { jobs[path] }
        set {
            if newValue == nil { order.removeAll { $0 == path } } else if jobs[path] == nil { order.append(path) }
            jobs[path] = newValue
        }
    }

    /// A number that no job has had.
    mutating func newNumber() -> UInt32 {
        lastNumber &+= 1
        return lastNumber
    }

    /// How many jobs wait or run.
    var activeCount: Int { jobs.values.count { !$0.machine.isFinished } }

    /// How many jobs of a caller wait or run.
    func activeCount(of caller: String) -> Int {
        jobs.values.count { $0.caller == caller && !$0.machine.isFinished }
    }

    /// The job to work on next. Callers take turns: of those with a job that waits, the one whose last job began the
    /// longest ago comes first, with its oldest job. That one is not overtaken while its caller is still told of it.
    var next: Job? {
        var lastStart: [String: Int] = [:]
        for job in jobs.values { lastStart[job.caller] = max(lastStart[job.caller] ?? 0, job.start ?? 0) }
        var callers: Set<String> = []
        let oldest = ordered.filter { $0.machine.phase == .queued && callers.insert($0.caller).inserted }
        // min(by:) gives the first of equals: the oldest job.
        return oldest.filter(\.isReleased).min { lastStart[$0.caller] ?? 0 < lastStart[$1.caller] ?? 0 }
    }

    /// Notes that a job has its turn.
    mutating func noteStart(of path: String) {
        starts += 1
        jobs[path]?.start = starts
    }

    func paths(of owner: String) -> [String] {
        ordered.filter { $0.owner == owner }.map(\.path)
    }

    /// The jobs that wait or run, oldest first; none whose caller does not know it yet.
    var active: [Job] { ordered.filter { $0.isReleased && !$0.machine.isFinished } }

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
