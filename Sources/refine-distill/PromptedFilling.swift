import Diffusion
import Distillation
import Foundation
import Inpainting
import TensorCore

/// A model that is asked for the same in every crop. Where the prompt names a material that it has pictures of, they are
/// laid over its fills, as refined does.
struct PromptedFilling: CropFilling {
    private let pipeline: InpaintingPipeline
    private let condition: PromptCondition?
    private let coarseLevels: Int
    private let textures: PromptedTextures?

    /// - Throws: `EvaluateError` for a prompt that the model would not hear.
    init(
        _ pipeline: InpaintingPipeline, prompt: String?, guidance: Float?, coarseLevels: Int = CoarseToFine.most,
        withTexture: Bool = true, place: String
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
        textures = try withTexture && guidance != 0 ? prompt.flatMap { try pipeline.textures(for: $0) } : nil
    }

    func fill(prefill: Tensor, mask: Tensor, steps: Int, seed: UInt64) -> Tensor {
        let run = pipeline.start(
            prefill: prefill, mask: mask, steps: steps, seed: seed, condition: condition,
            coarseLevels: coarseLevels)
        while run.completedSteps < run.totalSteps { run.step() }
        return textures.map { laid($0, over: run.tensor(), mask: mask, seed: seed) } ?? run.tensor()
    }

    private func laid(_ textures: PromptedTextures, over fills: Tensor, mask: Tensor, seed: UInt64) -> Tensor {
        let result = fills.copy(), (height, width) = (fills.shape[2], fills.shape[3]), area = height * width
        for i in 0..<fills.shape[0] {
            var planes = Array(UnsafeBufferPointer(start: fills.pointer + i * 3 * area, count: 3 * area))
            let hole = (0..<area).map { mask.pointer[i * area + $0] >= 0.5 ? UInt8(255) : 0 }
            TextureLayer.lay(
                textures, over: &planes, mask: hole, width: width, height: height, seed: seed &+ UInt64(i))
            for (j, value) in planes.enumerated() { result.pointer[i * 3 * area + j] = value }
        }
        return result
    }
}
