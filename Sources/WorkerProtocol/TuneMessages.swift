/// What a tuner may use, enforced by the kernel from inside.
public struct TuneLimits: Codable, Equatable, Sendable {
    /// Threads that compute.
    public var threads: Int
    /// Bytes of address space, of which the resident part is about a third.
    public var addressSpace: Int
    /// Bytes of the largest file that it writes: weights in fp32 with room to spare.
    public var fileBytes: Int

    public init(threads: Int, addressSpace: Int = 8 << 30, fileBytes: Int = 1 << 30) {
        self.threads = threads
        self.addressSpace = addressSpace
        self.fileBytes = fileBytes
    }
}

/// What a tuner is started for.
public enum TuneTask: Codable, Equatable, Sendable {
    case train(TrainOrder)
    case judge(JudgeOrder)
    /// Nothing but the report of the sandbox.
    case tryGuards

    /// Whether somebody waits for the answer: all other work is of the lowest priority.
    var isUrgent: Bool { self == .tryGuards }

    /// The only folder that the tuner may write in.
    var writable: String? {
        switch self {
        case .train(let order): order.run
        case .judge, .tryGuards: nil
        }
    }

    /// The folders that it may read besides.
    var readable: [String] {
        switch self {
        case .train(let order): [order.base, order.parent]
        case .judge(let order): [order.base, order.current, order.candidate]
        case .tryGuards: []
        }
    }
}

/// How much is done; what is nil is left to the recipe. Tests do less.
public struct TuneSize: Codable, Equatable, Sendable {
    public var steps: Int?
    /// Crops in a step.
    public var batch: Int?
    /// Side of a crop in pixels.
    public var cropSize: Int?
    /// Procedural scenes that are replayed.
    public var scenes: Int?
    /// Steps between checkpoints.
    public var checkpointInterval: Int?
    /// Generic pictures that a judgement looks at.
    public var canaryPictures: Int?

    public init(
        steps: Int? = nil, batch: Int? = nil, cropSize: Int? = nil, scenes: Int? = nil,
        checkpointInterval: Int? = nil, canaryPictures: Int? = nil
    ) {
        self.steps = steps
        self.batch = batch
        self.cropSize = cropSize
        self.scenes = scenes
        self.checkpointInterval = checkpointInterval
        self.canaryPictures = canaryPictures
    }
}

/// A run of training, new or from the checkpoint that its folder has.
public struct TrainOrder: Codable, Equatable, Sendable {
    /// Where checkpoints go and, at the end, the weights, in the folder `export` in it.
    public var run: String
    /// The model that everything began with, whose outputs are mimicked.
    public var base: String
    /// The model to start from: the base or a generation.
    public var parent: String
    /// What the weights that come out are to be called.
    public var generation: String
    public var seed: UInt64
    public var size: TuneSize
    /// What the weights descend from, for the record in their folder.
    public var provenance: [String: String]

    public init(
        run: String, base: String, parent: String, generation: String, seed: UInt64, size: TuneSize = TuneSize(),
        provenance: [String: String] = [:]
    ) {
        self.run = run
        self.base = base
        self.parent = parent
        self.generation = generation
        self.seed = seed
        self.size = size
        self.provenance = provenance
    }

    /// Where the weights of a finished run lie.
    public var export: String { Self.export(ofRun: run) }
    public static func export(ofRun run: String) -> String { "\(run)/export" }
}

/// A comparison of two models on photos that neither has seen.
public struct JudgeOrder: Codable, Equatable, Sendable {
    public var candidate: String
    public var current: String
    /// What the canary is compared with.
    public var base: String
    /// Of masks and noise; the same for all judgements by the same photos.
    public var seed: UInt64
    public var size: TuneSize

    public init(candidate: String, current: String, base: String, seed: UInt64, size: TuneSize = TuneSize()) {
        self.candidate = candidate
        self.current = current
        self.base = base
        self.seed = seed
        self.size = size
    }
}

/// What a judging tuner found.
public struct JudgeFigures: Codable, Equatable, Sendable {
    /// dB per photo, candidate minus current, by the photo's key.
    public var gains: [UInt64: Double]
    /// dB per generic picture, candidate minus base.
    public var canary: [Double]

    public init(gains: [UInt64: Double], canary: [Double]) {
        self.gains = gains
        self.canary = canary
    }
}

/// What a tuner says of itself before it sees a photo.
public struct TuneReport: Codable, Equatable, Sendable {
    /// Guards that it tried, and what Landlock enforces.
    public var sandbox: SandboxReport
    /// The convolution plan that it computes with.
    public var plan: String

    public init(sandbox: SandboxReport, plan: String) {
        self.sandbox = sandbox
        self.plan = plan
    }
}

/// What the daemon sends to a tuner, in this order: `begin`, any number of photos, `work`.
package enum TuneRequest: Codable, Equatable, Sendable {
    /// No descriptors.
    case begin(TuneTask, TuneLimits)
    /// Descriptor: RGB of 8 bits. The key is the photo's own, and the same in every run.
    case photo(PixelLayout, key: UInt64)
    /// No more photos come.
    case work
}

/// What a tuner sends. None has descriptors.
package enum TuneReply: Codable, Equatable, Sendable {
    /// The answer to `begin`.
    case ready(TuneReport)
    /// Steps made of those to make, after each.
    case progress(step: Int, steps: Int)
    /// The run is over, and its weights are written.
    case trained(steps: Int)
    case judged(JudgeFigures)
    case failed(WorkerError)
}
