import WorkerProtocol

extension WorkerError {
    package static let badJob = WorkerError(
        .failed, argument: "worker", reason: "protocol",
        message: "The daemon sent refine-worker a job that does not fit its files. Install both anew.")

    package static let unexpected = WorkerError(
        .failed, argument: "worker", reason: "unexpected",
        message: "refine-worker failed in an unexpected way. Try again; if it stays, report it as a defect.")
}
