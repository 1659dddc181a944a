import BusTransport
import RefineBus

/// What the owner of a job is told. The order of notices is the order of the signals.
enum JobNotice: Sendable {
    case added(path: String, JobProperties, to: String)
    case changed(path: String, [String: BusValue], to: String)
    case completed(path: String, RefineError?, to: String)
    case removed(path: String, to: String)
    /// For everybody of the same user: a job that waits or runs, without anything of its photo.
    case listed(JobSummary)
    case unlisted(UInt32, RefineError?)
    /// For everybody: the model has been loaded, or not.
    case modelChanged
}

/// What is known about the model.
enum ModelStatus: Sendable, Equatable {
    case loading
    case ready(EngineInfo)
    case missing(RefineError)

    var busValue: BusValue {
        switch self {
        case .loading:
            .options(["state": .string("loading")])
        case .ready(let info):
            .options([
                "state": .string("ready"), "name": .string(info.name), "generation": .string(info.generation),
                "parameters": .uint64(UInt64(clamping: info.parameterCount)),
                "default-steps": .uint32(UInt32(clamping: info.defaultSteps)),
                "threads": .uint32(UInt32(clamping: info.threads)), "blas-core": .string(info.blasCore),
                "blas-detected": .string(info.detectedBLASCore),
            ])
        case .missing(let error):
            .options([
                "state": .string("missing"), "error": .string(error.name), "message": .string(error.message),
            ])
        }
    }
}
