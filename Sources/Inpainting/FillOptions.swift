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

    public static let largestSteps = 64

    public init(steps: Int? = nil, seed: UInt64 = 0, feather: Int = 2, dilate: Int = 0) {
        self.steps = steps
        self.seed = seed
        self.feather = feather
        self.dilate = dilate
    }

    /// - Throws: ``FillError`` with `invalidOption`.
    func validate() throws {
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
    }
}
