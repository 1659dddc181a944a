import Autograd
import Diffusion
import Layers
import TensorCore

extension InpaintingNetwork {
    /// A step's batch with noise upon it. Where the configuration says so, the network begins with what it makes of coarser
    /// pictures itself, as it is at that step: so it learns to go on from there.
    func noisy(_ batch: TrainingBatch, step: Int, _ training: TrainingConfiguration) -> NoisyBatch {
        var random = training.noise(step: step)
        let coarse = training.coarseLevels.map { most in
            let (_, prefill, mask, _) = batch.tensors()
            let levels = Int(random.next() % UInt64(most + 1)), seed = random.next()
            return Variable.withoutTape {
                coarsePrefill(prefill, mask: mask, levels: levels) {
                    pass(prefill: $0, mask: $1, steps: 1, seed: seed, captions: nil)
                }
            }
        }
        return NoisyBatch(
            batch, prefill: coarse, codec: codec, scheduler: scheduler, options: training.noising, &random)
    }

    /// The captions of a batch that are read in a training.
    func captions(of noisy: NoisyBatch, _ training: TrainingConfiguration) -> [String]? {
        training.text?.learnsAlone == true ? noisy.captions : tuned(noisy.captions)
    }

    /// The captions that are read where text is not learnt alone. None in a network with a text prior: what it fills
    /// without a prompt is what is tuned, and what reads text stays as it is.
    func tuned(_ captions: [String]) -> [String]? { textPrior == nil ? captions : nil }
}

extension TrainingConfiguration {
    /// Draws timesteps and noise of a step.
    package func noise(step: Int) -> SeededRandom { SeededRandom(seed: seed ^ 0x5EED_0F_4015E, stream: UInt64(step)) }

    package var noising: NoisyBatch.Options {
        .init(
            terminalShare: terminalShare, relativeExponent: relativeExponent, captionDrop: text?.captionDrop ?? 0,
            visibleError: text?.hasAnyTone == true ? TextTraining.visibleError : nil,
            signalToNoiseLimit: signalToNoiseLimit)
    }
}
