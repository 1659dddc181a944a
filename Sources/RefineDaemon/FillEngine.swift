import Inpainting

/// A photo as raw pixels: what goes into the engine.
public struct RawPhoto: Sendable {
    /// RGB interleaved, row-major, no padding, sRGB-encoded, in arrays.
    public enum Samples: Sendable, Equatable {
        case u8([UInt8])
        case u16([UInt16])

        /// 8 or 16.
        public var bitDepth: Int {
            switch self {
            case .u8: 8
            case .u16: 16
            }
        }

        /// The same without its type.
        public var memory: any PixelMemory {
            switch self {
            case .u8(let values): PixelArray(values)
            case .u16(let values): PixelArray(values)
            }
        }
    }

    public var width: Int
    public var height: Int
    /// 8 or 16.
    public var bitDepth: Int
    /// `[height, width, 3]` RGB, sRGB-encoded, native-endian. A photo from a file stays in the memory that the worker
    /// filled: a copy of it would be half of what a job takes.
    public var pixels: any PixelMemory
    /// `[height, width]`, 0 = keep, 255 = fill.
    public var mask: any PixelMemory

    public init(width: Int, height: Int, bitDepth: Int, pixels: any PixelMemory, mask: any PixelMemory) {
        self.width = width
        self.height = height
        self.bitDepth = bitDepth
        self.pixels = pixels
        self.mask = mask
    }

    public init(width: Int, height: Int, samples: Samples, mask: [UInt8]) {
        self.init(
            width: width, height: height, bitDepth: samples.bitDepth, pixels: samples.memory, mask: PixelArray(mask))
    }
}

/// What the engine is asked to do with a photo. What is nil is left to the model.
public struct FillRequest: Sendable, Equatable {
    public var steps: Int?
    public var seed: UInt64
    public var feather: Int?
    public var dilate: Int?
    public var prompt: String?
    public var guidance: Double?
    /// Whether thick holes get the detail of their surroundings.
    public var detail: Bool?
    /// How many fills, each with a seed of its own; the engine gets a request for each.
    public var variants: Int
    /// Whether the classical fill is wanted, too.
    public var keepsClassical = false

    public init(
        steps: Int? = nil, seed: UInt64, feather: Int? = nil, dilate: Int? = nil, prompt: String? = nil,
        guidance: Double? = nil, detail: Bool? = nil, variants: Int = 1
    ) {
        self.steps = steps
        self.seed = seed
        self.feather = feather
        self.dilate = dilate
        self.prompt = prompt
        self.guidance = guidance
        self.detail = detail
        self.variants = variants
    }
}

/// What is resident.
public struct EngineInfo: Sendable, Equatable {
    public var name: String
    public var generation: String
    public var parameterCount: Int
    public var defaultSteps: Int
    public var hasTextEncoder: Bool
    /// Identifies the algorithms that fills are computed with.
    public var plan: String
    /// The kind of CPU whose kernels the matrix library uses, and the one it had chosen by itself; empty where unknown.
    public var blasCore = "", detectedBLASCore = ""
    /// 0 where unknown.
    public var threads = 0

    public init(
        name: String, generation: String, parameterCount: Int, defaultSteps: Int, hasTextEncoder: Bool,
        plan: String = ""
    ) {
        self.plan = plan
        self.name = name
        self.generation = generation
        self.parameterCount = parameterCount
        self.defaultSteps = defaultSteps
        self.hasTextEncoder = hasTextEncoder
    }
}

/// What the engine made of a photo: the part of it around all that changed.
public struct FillOutcome: Sendable, Equatable {
    /// Where in the photo `filled`, `changed` and `classical` belong. It reaches a few pixels beyond every changed one,
    /// where the photo does.
    public var box: PixelBox
    /// `[box.height, box.width, 3]`, bit-identical to the photo where `changed` is 0.
    public var filled: RawPhoto.Samples
    /// The feathered mask, `[box.height, box.width]`.
    public var changed: [UInt8]
    /// The classical fill alone, where it was asked for.
    public var classical: RawPhoto.Samples?
    public var steps: Int
    /// Of the weights that filled the photo, where they may be those that the model was tuned from; nil for the model's.
    public var generation: String?
    /// Words of the prompt that the model has never seen, and so ignores.
    public var unknownWords: [String]
    /// The material that the prompt named and the hole was filled with; nil where there is none.
    public var texture: String?

    public init(
        box: PixelBox, filled: RawPhoto.Samples, changed: [UInt8], classical: RawPhoto.Samples?, steps: Int,
        generation: String? = nil, unknownWords: [String] = [], texture: String? = nil
    ) {
        self.texture = texture
        self.box = box
        self.filled = filled
        self.changed = changed
        self.classical = classical
        self.steps = steps
        self.generation = generation
        self.unknownWords = unknownWords
    }
}

/// A model in memory. Used on the engine's thread only, so it need not be Sendable.
public protocol FillEngine: AnyObject {
    var info: EngineInfo { get }

    /// Prepares one fill.
    ///
    /// - Throws: `RefineError` for a request that this model cannot fulfil.
    func begin(_ photo: RawPhoto, _ request: FillRequest) throws -> any FillRun

    /// A short piece of work that makes later fills faster, for when nobody needs the engine; true while more is left.
    func prepareFurther() -> Bool
}

extension FillEngine {
    public func prepareFurther() -> Bool { false }
}

/// One fill in pieces, so that it can be stopped between them.
public protocol FillRun: AnyObject {
    var totalSteps: Int { get }
    var completedSteps: Int { get }
    /// `prefill`, `denoise` or `blend`.
    var stage: String { get }

    /// One piece of work; true while more is left.
    func advance() throws -> Bool
    func finish() throws -> FillOutcome
}
