/// What is known of a model without running it.
public struct FillModelInfo: Sendable, Equatable {
    public var name: String
    public var generation: String
    public var parameterCount: Int
    public var defaultSteps: Int
    public var hasTextEncoder: Bool

    public init(name: String, generation: String, parameterCount: Int, defaultSteps: Int, hasTextEncoder: Bool) {
        self.name = name
        self.generation = generation
        self.parameterCount = parameterCount
        self.defaultSteps = defaultSteps
        self.hasTextEncoder = hasTextEncoder
    }
}

/// A model with its weights in memory, ready to fill. Not Sendable: it lives on the engine's thread.
public final class FillModel {
    public let info: FillModelInfo
    let pipeline: any FillPipeline
    /// What the model was tuned from, which fills the photos that it suits better; nil for a model that was not tuned.
    let base: (any FillPipeline)?

    /// - Parameters:
    ///   - pipeline: the model.
    ///   - base: what it was tuned from, of the same shape; nil for a model that fills all photos.
    public init(pipeline: any FillPipeline, base: (any FillPipeline)? = nil) {
        precondition(
            base.map { $0.sizeMultiple == pipeline.sizeMultiple } ?? true, "Inpainting: a base of another shape")
        self.pipeline = pipeline
        self.base = base
        info = FillModelInfo(
            name: pipeline.name, generation: pipeline.generation, parameterCount: pipeline.parameterCount,
            defaultSteps: pipeline.defaultSteps, hasTextEncoder: pipeline.hasTextEncoder)
    }
}
