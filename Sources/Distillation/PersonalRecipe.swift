import Diffusion

/// The settings with which a model learns its user's photos in the background. They are the same for everybody; what
/// they were chosen by stands in EXPERIMENTS.md.
public enum PersonalRecipe {
    /// Steps of a run.
    public static let steps = 4000
    /// Steps between checkpoints: what a run loses at most when it is killed. Each writes four times the weights, 130 MB
    /// for the shipped student, so they are rare.
    public static let checkpointInterval = 100
    /// Longer side of the photos in pixels.
    public static let photoSide = 768

    /// - Parameters:
    ///   - parent: folder of the model to start from.
    ///   - seed: of data and noise.
    public static func configuration(parent: String, seed: UInt64) -> RunConfiguration {
        var training = TrainingConfiguration()
        training.seed = seed
        training.steps = steps
        training.batch = 8
        training.largeCropInterval = 0
        training.learningRate = 6e-4
        training.warmUpSteps = 10
        // Averages over the last fifty steps.
        training.emaDecay = 0.98
        // Photos are learnt, and the base held where it is, as holes are filled: from coarse to fine.
        training.coarseLevels = CoarseToFine.most
        // One step is what fills by default, of holes as users make them; some samples at other timesteps keep the texture
        // that more steps bring.
        (training.terminalShare, training.thinShare, training.depthDiscount) = (0.85, 0.1, 0.98)
        // Few, as each is drawn while the machine should be quiet.
        training.scenes = 100
        var configuration = RunConfiguration(method: .finetuning, training: training, start: parent)
        var stage = SemiSupervisedConfiguration()
        // Nearly all crops are of photos; a few hold the base where they do not say otherwise. More would cost what is
        // learnt, and what is forgotten does no harm: pictures of other kinds are filled by the base, see `ChoosingFiller`.
        (stage.unlabelledShare, stage.pseudoWeight, stage.replayMimicry) = (0.9375, 0, 0.5)
        configuration.finetuning = stage
        return configuration
    }
}
