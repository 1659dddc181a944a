/// How to fill a photo.
public struct FillOptions: Sendable, Equatable {
    /// Denoising steps; nil = the model's default. 1...``largestSteps``.
    public var steps: Int?
    /// Where the noise starts from: same seed, same fill.
    public var seed: UInt64
    /// Pixels outside of the mask over which the fill fades into the photo. 0 = nothing changes outside of the mask.
    public var feather: Int
    /// Pixels by which the mask grows before anything else.
    public var dilate: Int

    /// What to fill in, for models with a text encoder; nil or empty for what fits.
    public var prompt: String?
    /// How strictly to follow the prompt; nil = the model's own. 0...``largestGuidance``; 1 takes one forward pass for
    /// a step, everything else but 0 takes two.
    public var guidance: Float?

    /// Whether thick holes get the detail of their surroundings. nil: where ``steps`` are left to the model, since who
    /// names them wants to see what they make; and always where the model sees fewer pixels than the photo has.
    public var detail: Bool?
    /// Also hand out the smooth pre-fill alone, for comparison.
    public var keepsClassical = false
    /// The longest side of a crop as the model sees it, for measurements.
    package var largestCrop = CropPlan.limit

    public static let largestSteps = 64
    public static let largestGuidance: Float = 30
    /// Bytes of the longest prompt.
    public static let longestPrompt = 2000

    public init(
        steps: Int? = nil, seed: UInt64 = 0, feather: Int = 2, dilate: Int = 0, prompt: String? = nil,
        guidance: Float? = nil, detail: Bool? = nil
    ) {
        self.steps = steps
        self.seed = seed
        self.feather = feather
        self.dilate = dilate
        self.prompt = prompt
        self.guidance = guidance
        self.detail = detail
    }

    /// - Throws: ``FillError`` with `invalidOption`.
    func validate(hasTextEncoder: Bool) throws {
        func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
            guard range.contains(value) else {
                throw FillError(
                    .invalidOption, argument: name, problem: "\(value) is out of range",
                    remedy: "give \(range.lowerBound) to \(range.upperBound)")
            }
        }
        if let steps { try check("steps", steps, 1...Self.largestSteps) }
        try check("feather", feather, 0...FillMask.largestRadius)
        try check("dilate", dilate, 0...FillMask.largestRadius)
        try validateText(hasTextEncoder: hasTextEncoder)
    }

    /// The prompt itself stays out of every error.
    private func validateText(hasTextEncoder: Bool) throws {
        func invalid(_ name: String, _ problem: String, _ remedy: String) -> FillError {
            FillError(.invalidOption, argument: name, problem: problem, remedy: remedy)
        }
        if let prompt, prompt.utf8.count > Self.longestPrompt {
            throw invalid("prompt", "it is too long", "give at most \(Self.longestPrompt) bytes")
        }
        if let guidance, !(0...Self.largestGuidance).contains(guidance) {
            throw invalid("guidance", "\(guidance) is out of range", "give 0 to \(Int(Self.largestGuidance))")
        }
        guard !hasTextEncoder else { return }
        let remedy = "leave it out, or use a model with a text encoder"
        if let prompt, !prompt.isEmpty { throw invalid("prompt", "the model has no text encoder", remedy) }
        if guidance != nil { throw invalid("guidance", "the model has no text encoder", remedy) }
    }
}
