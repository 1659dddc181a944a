import WorkerProtocol

/// The guards of refine-tuner, as a tuner finds them that is started for nothing else.
enum TunerGuards {
    /// Starts one and ends it. It sees no photo and no model.
    ///
    /// - Returns: each guard by name, and whether it holds; `started` alone, and false, where there is no answer.
    static func report() async -> [String: Bool] {
        guard let executable = try? WorkerExecutable.find(),
            let tuner = try? TuneWorker(executable: executable, .tryGuards, TuneLimits(threads: 1))
        else { return ["started": false] }
        defer { tuner.end() }
        for await case .ready(let report) in tuner.events { return report.sandbox.guards }
        return ["started": false]
    }
}
