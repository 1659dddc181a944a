/// Tries the guards, once for all who ask at the same time: a check starts processes, and a flood of questions must not
/// start a flood of them. What it found is good for a while, for those who do not ask for the guards alone.
actor GuardCheck {
    private let check: @Sendable () async -> PrivacyReport
    private let time: TimeSource
    private var running: Task<PrivacyReport, Never>?
    private var last: (report: PrivacyReport, at: UInt64)?

    /// Microseconds for which what was found is told again: what a process has put up it cannot take down.
    private static let validity: UInt64 = 600_000_000

    /// - Parameters:
    ///   - time: its clock that is never set tells how old a report is.
    ///   - check: tries all guards.
    init(time: TimeSource, _ check: @escaping @Sendable () async -> PrivacyReport) {
        self.time = time
        self.check = check
    }

    /// The guards, tried after the call began, or for one that still waits.
    func report() async -> PrivacyReport {
        if let running { return await running.value }
        let task = Task { [check] in await check() }
        running = task
        let report = await task.value
        running = nil
        last = (report, time.boot())
        return report
    }

    /// The guards as they were found some minutes ago; tried where they were not, or where one did not hold.
    func recent() async -> PrivacyReport {
        if let last, time.boot() - last.at < Self.validity, last.report.guards.values.allSatisfy({ $0 }) {
            return last.report
        }
        return await report()
    }
}
