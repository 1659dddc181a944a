/// Tries the guards, once for all who ask at the same time: a check starts a worker process, and a flood of questions must
/// not start a flood of processes.
actor GuardCheck {
    private let check: @Sendable () async -> [String: Bool]
    private var running: Task<[String: Bool], Never>?

    init(_ check: @escaping @Sendable () async -> [String: Bool]) {
        self.check = check
    }

    /// Each guard by name, and whether it holds. Tried after the call began, or for one that still waits.
    func guards() async -> [String: Bool] {
        if let running { return await running.value }
        let task = Task { [check] in await check() }
        running = task
        let guards = await task.value
        running = nil
        return guards
    }
}
