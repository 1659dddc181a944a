/// The `model_index.json` of a pipeline folder.
public struct ModelIndex: Codable, Sendable, Equatable {
    public var className = "RefineInpaintingPipeline"
    /// What to call the model in front of a user.
    public var name: String
    /// Which state of its weights this is; every change of weights gets another one.
    public var generation: String
    /// Steps of a call that does not ask for a number.
    public var defaultSteps: Int
    /// How strictly a prompt is followed by a call that does not ask for a number; nil for 1.
    public var defaultGuidance: Float?
    /// Where the weights came from: command, seed, revision, steps and figures, for those who come after.
    public var provenance: [String: String]

    public init(name: String, generation: String, defaultSteps: Int, provenance: [String: String] = [:]) {
        self.name = name
        self.generation = generation
        self.defaultSteps = defaultSteps
        self.provenance = provenance
    }

    enum CodingKeys: String, CodingKey {
        case className = "_class_name"
        case name
        case generation
        case defaultSteps = "default_steps"
        case defaultGuidance = "default_guidance"
        case provenance
    }
}
