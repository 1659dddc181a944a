import Diffusion

/// What ``FillTask`` needs of a diffusion model, so that tests can bring their own.
public protocol FillPipeline: AnyObject {
    associatedtype Run: FillRun

    var name: String { get }
    var generation: String { get }
    var parameterCount: Int { get }
    var defaultSteps: Int { get }
    /// Widths and heights must be multiples of this.
    var sizeMultiple: Int { get }

    /// Whether a prompt changes what is filled in.
    var hasTextEncoder: Bool { get }

    /// The words of a prompt that the model was never trained with.
    func unknownWords(in prompt: String) -> [String]

    /// Pictures of the material that a prompt names; nil where it names none that the model has pictures of.
    func textures(for prompt: String) throws -> PromptedTextures?

    /// What all crops of a job attend to, computed once; nil for a model that attends to no text.
    func condition(prompt: String?, guidance: Float?) -> PromptCondition?

    /// Begins to fill one crop.
    ///
    /// - Parameters:
    ///   - prefill: planar RGB `[3, height, width]`, 0...1: the photo, its hole filled smoothly.
    ///   - mask: `[height, width]`, 255 = hole.
    ///   - width: of the crop.
    ///   - height: of the crop.
    ///   - steps: denoising steps.
    ///   - seed: of the noise.
    ///   - condition: of this pipeline.
    func start(
        prefill: [Float], mask: [UInt8], width: Int, height: Int, steps: Int, seed: UInt64,
        condition: PromptCondition?
    ) throws -> Run
}

extension FillPipeline {
    public func textures(for prompt: String) throws -> PromptedTextures? { nil }
}

/// The denoising of one crop.
public protocol FillRun: AnyObject {
    var totalSteps: Int { get }
    var completedSteps: Int { get }
    /// One denoising step.
    func step() throws
    /// Planar RGB `[3, height, width]`, 0...1: the pre-fill plus, in the hole, what the model adds to it.
    func image() -> [Float]
}
