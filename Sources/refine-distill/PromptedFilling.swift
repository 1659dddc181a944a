import Diffusion
import Distillation
import Foundation
import TensorCore

/// A model that is asked for the same in every crop.
struct PromptedFilling: CropFilling {
    private let pipeline: InpaintingPipeline
    private let condition: PromptCondition?
    private let coarseLevels: Int

    /// - Throws: `EvaluateError` for a prompt that the model would not hear.
    init(
        _ pipeline: InpaintingPipeline, prompt: String?, guidance: Float?, coarseLevels: Int = CoarseToFine.most,
        place: String
    ) throws {
        if let prompt {
            guard pipeline.hasTextEncoder else {
                throw EvaluateError(
                    "\(place) has no text encoder. Leave out --prompt, or choose a model that reads text")
            }
            let unknown = pipeline.unknownWords(in: prompt)
            if !unknown.isEmpty {
                let line = "warning: the model was never trained with: \(unknown.joined(separator: ", "))\n"
                FileHandle.standardError.write(Data(line.utf8))
            }
        }
        self.pipeline = pipeline
        self.coarseLevels = coarseLevels
        condition = pipeline.condition(prompt: prompt, guidance: guidance)
    }

    func fill(prefill: Tensor, mask: Tensor, steps: Int, seed: UInt64) -> Tensor {
        let run = pipeline.start(
            prefill: prefill, mask: mask, steps: steps, seed: seed, condition: condition,
            coarseLevels: coarseLevels)
        while run.completedSteps < run.totalSteps { run.step() }
        return run.tensor()
    }
}
