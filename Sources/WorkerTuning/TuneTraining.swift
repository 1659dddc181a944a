import Diffusion
import Distillation
import Layers
import WorkerProtocol

/// A run of stage 2 on the user's photos, from the checkpoint that its folder has.
struct TuneTraining {
    private let order: TrainOrder
    private let photos: TunePhotos

    init(_ order: TrainOrder, _ photos: TunePhotos) {
        self.order = order
        self.photos = photos
    }

    /// Trains to the end and writes the averaged weights.
    ///
    /// - Parameter progress: told of each step.
    /// - Returns: the steps of the run.
    /// - Throws: `ModelError`, `StageError`, `TrainingError`. The last checkpoint is whole.
    func run(progress: (Int, Int) -> Void) throws -> Int {
        let base = try InpaintingNetwork(directory: order.base, requiresGradient: false)
        let configuration = self.configuration
        let stage = configuration.finetuning ?? SemiSupervisedConfiguration()
        let parent =
            order.parent == order.base
            ? base : try InpaintingNetwork(directory: order.parent, requiresGradient: false)
        let trainer = try Trainer(configuration, folder: order.run) { _ in
            try SemiSupervisedStage(
                base: base, start: parent, configuration.training, stage, labelled: nil, unlabelled: photos,
                teacher: nil)
        }
        var schedule = Trainer.Schedule()
        schedule.checkpointInterval = order.size.checkpointInterval ?? PersonalRecipe.checkpointInterval
        schedule.metricsInterval = schedule.checkpointInterval
        schedule.validationInterval = 0
        try trainer.train(schedule, report: { _ in progress(trainer.step, configuration.training.steps) })
        // All else, such as the steps and the guidance of calls that ask for none, is as the base has it.
        var index = try ModelFolder(reading: order.base).index
        (index.generation, index.provenance) = (order.generation, order.provenance)
        try trainer.export(to: order.export, index: index)
        return trainer.step
    }

    private var configuration: RunConfiguration {
        var configuration = PersonalRecipe.configuration(parent: order.parent, seed: order.seed)
        if let steps = order.size.steps { configuration.training.steps = steps }
        if let batch = order.size.batch { configuration.training.batch = batch }
        if let side = order.size.cropSize { configuration.training.cropSize = side }
        if let scenes = order.size.scenes { configuration.training.scenes = scenes }
        return configuration
    }
}
