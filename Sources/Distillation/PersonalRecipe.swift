import Diffusion

/// The settings with which a model learns its user's photos in the background. They are the same for everybody; what
/// they were chosen by stands in EXPERIMENTS.md.
public enum PersonalRecipe {
    /// Steps of a run.
    public static let steps = 1200
    /// Steps between checkpoints: what a run loses at most when it is killed. Each writes four times the weights, 130 MB
    /// for the shipped student, so they are rare.
    public static let checkpointInterval = 100
    /// Every how many steps prompts are replayed.
    static let promptedReplayInterval = 6
    /// Longer side of the photos in pixels.
    public static let photoSide = 768

    /// - Parameters:
    ///   - parent: folder of the model to start from.
    ///   - readsText: whether it reads prompts; what it knows of them is replayed then.
    ///   - seed: of data and noise.
    public static func configuration(parent: String, readsText: Bool = false, seed: UInt64) -> RunConfiguration {
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
        // One step is what fills by default, of holes as users make them.
        (training.terminalShare, training.thinShare, training.depthDiscount) = (1, 0.1, 0.98)
        // Few, as each is drawn while the machine should be quiet.
        training.scenes = 300
        if readsText {
            training.text = TextTraining()
            training.text?.captionDrop = 0
            training.text?.insertedShare = 0.5
        }
        var configuration = RunConfiguration(method: .finetuning, training: training, start: parent)
        var stage = SemiSupervisedConfiguration()
        // Learns much from photos, while a quarter of each batch holds the base where it is; what is forgotten all the same,
        // `TunedBlend` brings back.
        (stage.unlabelledShare, stage.pseudoWeight, stage.replayMimicry) = (0.75, 0, 8)
        if readsText { stage.promptedReplayInterval = promptedReplayInterval }
        configuration.finetuning = stage
        return configuration
    }
}
