/// The settings with which a model learns its user's photos in the background. They are the same for everybody; what
/// they were chosen by stands in EXPERIMENTS.md.
public enum PersonalRecipe {
    /// Steps of a run: how many are enough has not been measured, see there.
    public static let steps = 300
    /// Steps between checkpoints: what a run loses at most when it is killed.
    public static let checkpointInterval = 20
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
        // Few, as each is drawn while the machine should be quiet.
        training.scenes = 128
        var configuration = RunConfiguration(method: .finetuning, training: training, start: parent)
        configuration.finetuning = SemiSupervisedConfiguration()
        return configuration
    }
}
