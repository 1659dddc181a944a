import Diffusion

/// What fills the crops of one job: the model, or, for one that was tuned, whichever of it and its base suits the photo.
///
/// What follows a prompt is the base's, since photos teach nothing about words. Without one the photo decides, at its
/// first crop and for all of them: both fill small holes around that crop's hole (`SurroundingsTrial`), and the tuned model
/// goes on where it is clearly nearer to what was there. Where too little is known it is the base. So what was learnt
/// from some photos is not let loose on others.
struct PipelineChoice {
    private let model: FillModel
    private let prompt: String?
    private let guidance: Float?
    /// What the job's crops are filled by; nil before the photo has decided.
    private var chosen: (pipeline: any FillPipeline, condition: PromptCondition?)?

    /// - Parameters:
    ///   - model: tuned or not.
    ///   - prompt: what to fill in; nil or empty for what fits.
    ///   - guidance: how strictly to follow it; nil for the model's own.
    init(_ model: FillModel, prompt: String?, guidance: Float?) {
        self.model = model
        self.prompt = prompt
        self.guidance = guidance
    }

    /// The generation of the weights that fill, once it is known.
    var generation: String { (chosen?.pipeline ?? model.pipeline).generation }

    /// Begins to fill one crop, see `FillPipeline.start`.
    /// - Throws: what a pipeline throws, ``FillError`` with `modelFailed`.
    mutating func start(
        prefill: [Float], mask: [UInt8], width: Int, height: Int, steps: Int, seed: UInt64
    ) throws -> any FillRun {
        let (pipeline, condition) = try chosen ?? choose(by: prefill, mask, width, height)
        chosen = (pipeline, condition)
        return try pipeline.start(
            prefill: prefill, mask: mask, width: width, height: height, steps: steps, seed: seed, condition: condition)
    }

    /// What follows prompts.
    private var prompted: any FillPipeline { model.base ?? model.pipeline }

    /// Words of the prompt that what follows it was never trained with.
    var unknownWords: [String] { prompt.map { prompted.unknownWords(in: $0) } ?? [] }

    /// Pictures of the material that the prompt names, to be laid over the fill; nil where it names none or is not
    /// followed.
    /// - Throws: ``FillError`` with `modelFailed` where the pictures cannot be read.
    func textures() throws -> PromptedTextures? {
        guard let prompt, !prompt.isEmpty, guidance != 0 else { return nil }
        do {
            return try prompted.textures(for: prompt)
        } catch {
            throw FillError.modelFailed("its pictures of materials cannot be read: \(error)")
        }
    }

    private func choose(
        by picture: [Float], _ mask: [UInt8], _ width: Int, _ height: Int
    ) throws -> (pipeline: any FillPipeline, condition: PromptCondition?) {
        let pipeline = try suited(to: picture, mask, width, height)
        return (pipeline, pipeline.condition(prompt: prompt, guidance: guidance))
    }

    private func suited(
        to picture: [Float], _ mask: [UInt8], _ width: Int, _ height: Int
    ) throws -> any FillPipeline {
        guard let base = model.base else { return model.pipeline }
        guard prompt?.isEmpty != false else { return prompted }
        let trial = SurroundingsTrial(
            picture: picture, mask: mask, width: width, height: height, multiple: base.sizeMultiple)
        guard let trial else { return base }
        func scores(_ pipeline: any FillPipeline) throws -> [Double] {
            let run = try pipeline.start(
                prefill: trial.prefill, mask: trial.mask, width: trial.width, height: trial.height, steps: 1, seed: 0,
                condition: pipeline.condition(prompt: nil, guidance: nil))
            return trial.scores(try run.finished())
        }
        return try SurroundingsTrial.prefers(scores(model.pipeline), over: scores(base)) ? model.pipeline : base
    }
}

extension FillRun {
    /// All steps that are left, and the picture.
    fileprivate func finished() throws -> [Float] {
        while completedSteps < totalSteps { try advance() }
        return image()
    }

    /// One denoising step.
    /// - Throws: ``FillError`` with `modelFailed` where it was none.
    func advance() throws {
        let before = completedSteps
        try step()
        guard completedSteps > before else { throw FillError.modelFailed("a denoising step made no progress") }
    }
}

extension FillError {
    static func modelFailed(_ problem: String) -> FillError {
        FillError(
            .modelFailed, argument: "model", problem: problem, remedy: "check the model's files, or use another model")
    }
}
