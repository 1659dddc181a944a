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

    public init(pipeline: any FillPipeline) {
        self.pipeline = pipeline
        info = FillModelInfo(
            name: pipeline.name, generation: pipeline.generation, parameterCount: pipeline.parameterCount,
            defaultSteps: pipeline.defaultSteps, hasTextEncoder: pipeline.hasTextEncoder)
    }
}
