import RefineBus

/// How much the daemon takes on.
public struct ServiceLimits: Sendable, Equatable {
    /// Jobs that wait or run; more are answered with `Busy`.
    public var queueLength = 32
    /// The same for the jobs of one caller, so that one cannot keep out all others.
    public var queueLengthPerCaller = 8
    /// How long one job may take from its start. Its worker processes have shorter limits of their own.
    public var jobDuration = Duration.seconds(1800)
    /// How long a result waits.
    public var retention = Duration.seconds(600)
    /// Results that wait at most, in number and in bytes; the oldest go first.
    public var keptResults = 16
    public var keptBytes = 256 << 20

    public init() {}
}

extension InpaintOptions {
    /// Checks what does not depend on the photo.
    ///
    /// - Throws: `RefineError` with code `invalidArgument` that names the option.
    func validate(for model: EngineInfo) throws(RefineError) {
        try Self.check("steps", steps, in: 1...64)
        try Self.check("feather", feather, in: 0...256)
        try Self.check("dilate", dilate, in: 0...256)
        try Self.check("variants", variants, in: 1...8)
        try Self.check("preview", preview?.width, in: 1...4096)
        try Self.check("preview", preview?.height, in: 1...4096)
        if let guidance, !(0...30).contains(guidance) { throw Self.outOfRange("guidance", "0 to 30") }
        if let prompt, prompt.utf8.count > 2000 { throw Self.outOfRange("prompt", "up to 2000 bytes") }
        for box in box { try Self.check(box) }
        if box.count > 64 { throw Self.outOfRange("box", "up to 64 rectangles") }
        if polygon.count > 64 { throw Self.outOfRange("polygon", "up to 64 polygons") }
        for corners in polygon where !(3...10_000).contains(corners.count) {
            throw Self.outOfRange("polygon", "3 to 10000 corners each")
        }
        try checkToken()
        if let variants, variants > 1, steps == 1 {
            throw RefineError(
                .invalidArgument, "variants", "needs-steps", "with one step all variants would be nearly the same",
                remedy: "give steps of 2 or more, or leave steps out")
        }
        guard !model.hasTextEncoder else { return }
        if let prompt, !prompt.isEmpty { throw Self.needsTextEncoder("prompt") }
        if guidance != nil { throw Self.needsTextEncoder("guidance") }
    }

    private static func check(_ name: String, _ value: UInt32?, in range: ClosedRange<UInt32>) throws(RefineError) {
        guard let value, !range.contains(value) else { return }
        throw outOfRange(name, "\(range.lowerBound) to \(range.upperBound)")
    }

    private static func check(_ box: Box) throws(RefineError) {
        guard box.x >= 0, box.y >= 0, box.width > 0, box.height > 0 else {
            throw RefineError(
                .invalidArgument, "box", "out-of-range", "a box starts left of or above the photo, or is empty",
                remedy: "give x, y from 0 and width, height from 1, in pixels of the upright photo")
        }
    }

    private func checkToken() throws(RefineError) {
        guard let handleToken else { return }
        let isPlain = handleToken.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 95
        }
        guard isPlain, (1...64).contains(handleToken.utf8.count) else {
            throw RefineError(
                .invalidArgument, "handle_token", "malformed", "the token cannot be part of an object path",
                remedy: "use 1 to 64 characters of A-Z a-z 0-9 _")
        }
        guard !detach || handleToken.utf8.count >= 22 else {
            throw RefineError(
                .invalidArgument, "handle_token", "too-short", "the path is the only key to a detached job",
                remedy: "use at least 22 random characters, or leave out detach or handle_token")
        }
    }

    private static func outOfRange(_ name: String, _ range: String) -> RefineError {
        RefineError(.invalidArgument, name, "out-of-range", "the value is not in \(range)", remedy: "use \(range)")
    }

    private static func needsTextEncoder(_ name: String) -> RefineError {
        RefineError(
            .invalidArgument, name, "no-text-encoder", "the model has no text encoder and cannot follow the option",
            remedy: "leave it out, or run refined with a model that has one")
    }
}

extension FillRequest {
    /// What a call asks for, with what it leaves open decided.
    init(_ options: InpaintOptions, model: EngineInfo) {
        let variants = Int(options.variants ?? 1)
        self.init(
            // One step gives the mean of all that could be there, so variants need several.
            steps: options.steps.map(Int.init) ?? (variants > 1 ? max(model.defaultSteps, Self.variantSteps) : nil),
            seed: options.seed ?? UInt64.random(in: 0...UInt64.max),
            feather: options.feather.map(Int.init), dilate: options.dilate.map(Int.init),
            prompt: options.prompt.flatMap { $0.isEmpty ? nil : $0 }, guidance: options.guidance,
            // Steps that only variants ask for are nobody's wish to see the model alone.
            detail: options.detail ?? (options.steps == nil ? true : nil), variants: variants)
    }

    /// Steps of variants where the call names none and the model's default is lower.
    static let variantSteps = 4

    /// The request for one of the variants: the same as a call of its own with this seed.
    func variant(_ index: Int) -> FillRequest {
        var request = self
        request.seed = seed &+ UInt64(index)
        request.variants = 1
        return request
    }
}
