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
        var (bases, others): ([Double], [Double]) = ([], [])
        for n in 0..<prefill.shape[0] {
            guard let trial = trial(prefill, mask, crop: n) else { continue }
            bases += scores(base, trial)
            others += scores(tuned, trial)
        }
        let network = SurroundingsTrial.prefers(others, over: bases) ? tuned : base
        return network.fill(prefill: prefill, mask: mask, steps: steps, seed: seed)
    }

    /// nil where too little is known around the hole.
    private func trial(_ prefill: Tensor, _ mask: Tensor, crop n: Int) -> SurroundingsTrial? {
        let (height, width) = (prefill.shape[2], prefill.shape[3]), plane = height * width
        return SurroundingsTrial(
            picture: Array(UnsafeBufferPointer(start: prefill.pointer + 3 * n * plane, count: 3 * plane)),
            mask: (0..<plane).map { mask.pointer[n * plane + $0] >= 0.5 ? UInt8(255) : 0 },
            width: width, height: height, multiple: base.sizeMultiple)
    }

    private func scores(_ network: InpaintingNetwork, _ trial: SurroundingsTrial) -> [Double] {
        let picture = Tensor(trial.prefill, shape: [1, 3, trial.height, trial.width])
        let holes = Tensor(trial.mask.map { $0 == 0 ? 0 : 1 }, shape: [1, 1, trial.height, trial.width])
        return trial.scores(network.fill(prefill: picture, mask: holes, steps: 1, seed: 0).values)
    }
}
