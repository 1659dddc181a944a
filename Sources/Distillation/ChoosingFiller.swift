import Diffusion
import Inpainting
import Layers
import TensorCore

/// A base and a model that was tuned from it, of which every picture takes the one that fills its surroundings better, as
/// `FillModel` does where calls are served.
///
/// What is filled at once are crops of one picture, which decide together.
public struct ChoosingFiller: CropFilling {
    private let base: InpaintingNetwork
    private let tuned: InpaintingNetwork

    /// - Parameters:
    ///   - base: what was there before tuning.
    ///   - tuned: of the same shape.
    public init(base: InpaintingNetwork, tuned: InpaintingNetwork) {
        self.base = base
        self.tuned = tuned
    }

    public func fill(prefill: Tensor, mask: Tensor, steps: Int, seed: UInt64) -> Tensor {
        let lead = (0..<prefill.shape[0]).reduce(0) { $0 + self.lead(prefill, mask, crop: $1) }
        return (lead > 0 ? tuned : base).fill(prefill: prefill, mask: mask, steps: steps, seed: seed)
    }

    /// By how many dB the tuned model is better around the hole of one crop; 0 where too little is known.
    private func lead(_ prefill: Tensor, _ mask: Tensor, crop n: Int) -> Double {
        let (height, width) = (prefill.shape[2], prefill.shape[3]), plane = height * width
        let trial = SurroundingsTrial(
            picture: Array(UnsafeBufferPointer(start: prefill.pointer + 3 * n * plane, count: 3 * plane)),
            mask: (0..<plane).map { mask.pointer[n * plane + $0] >= 0.5 ? UInt8(255) : 0 },
            width: width, height: height, multiple: base.shape.codec.patchSize * base.shape.unet.sizeMultiple)
        guard let trial else { return 0 }
        let picture = Tensor(trial.prefill, shape: [1, 3, trial.height, trial.width])
        let holes = Tensor(trial.mask.map { $0 == 0 ? 0 : 1 }, shape: [1, 1, trial.height, trial.width])
        func score(_ network: InpaintingNetwork) -> Double {
            trial.score(network.fill(prefill: picture, mask: holes, steps: 1, seed: 0).values)
        }
        return score(tuned) - score(base)
    }
}
