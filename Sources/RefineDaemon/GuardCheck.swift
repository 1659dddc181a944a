/// Tries the guards, once for all who ask at the same time: a check starts a worker process, and a flood of questions must
/// not start a flood of processes.
actor GuardCheck {
    private let check: @Sendable () async -> PrivacyReport
    private var running: Task<PrivacyReport, Never>?

    init(_ check: @escaping @Sendable () async -> PrivacyReport) {
        self.check = check
    }

    /// The guards, tried after the call began, or for one that still waits.
    func report() async -> PrivacyReport {
        if let running { return await running.value }
        let task = Task { [check] in await check() }
        running = task
        let report = await task.value
        running = nil
        return report
    }
}
