import BusTransport
import RefineBus

/// One job, with all that belongs to it.
struct Job: Sendable {
    /// What is to be done; let go of when the job is finished.
    struct Input: Sendable {
        let source: JobSource
        let request: FillRequest
        let compare: Bool
        /// The size of the small pictures, where some are wanted.
        let preview: InpaintOptions.PreviewSize?
    }

    /// What came out.
    struct Result: Sendable {
        let images: [EncodedFile]
        let info: ResultInfo

        var bytes: Int { images.reduce(0) { $0 + $1.size } }
    }

    let path: String
    /// Short, for people and lists; not a key to the result, as the path is.
    let number: UInt32
    /// The unique name of the connection that started it.
    let caller: String
    /// The same; nil when it has left.
    var owner: String?
    let isDetached: Bool
    var input: Input?
    var machine = JobMachine()
    var result: Result?
    /// Lets go of the result after a while; cancelled when it has gone before.
    var expiry: Task<Void, Never>?
    /// Whether the caller knows the path: only then the work may begin and signals may go out.
    var isReleased = false
    /// How many jobs had begun when this one did, itself included; nil before.
    var start: Int?

    /// What everybody of the same user may know.
    var summary: JobSummary {
        JobSummary(number: number, properties: machine.properties, owner: owner ?? "", isDetached: isDetached)
    }
}
