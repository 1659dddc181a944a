import ArgumentParser
import Diffusion
import Distillation

struct TrainTeacher: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a teacher: a wide U-Net and its ControlNet together, on procedural scenes.",
        discussion: """
            Goes on where it stopped when called again with the same options. What first lessons need: simple scenes \
            and thin holes (EXPERIMENTS.md). A later lesson starts from the exported weights of the one before.

            EXAMPLES
              refine-distill train-teacher --run runs/teacher-1 --steps 800 \\
                --simple-share 1 --thin-share 1 --terminal-share 1 --large-crop-interval 0 \\
                --export teacher-1
              refine-distill train-teacher --run runs/teacher-2 --steps 8000 \\
                --start teacher-1 --simple-share 0.2 --thin-share 0.3 --terminal-share 0.7 \\
                --seed 2 --export teacher
            """)

    @OptionGroup var options: TrainingOptions
    @OptionGroup var channels: ChannelOptions
    @OptionGroup var coarse: CoarseOptions

    func run() throws {
        options.prepareEngine()
        var training = try options.configuration(defaultBatch: 4)
        try coarse.apply(to: &training, start: options.start)
        let configuration = RunConfiguration(method: .teacher, training: training, start: options.start)
        let trainer = try Trainer(configuration, folder: options.runFolder) { [training] kept in
            let shape = NetworkShape.teacher(
                codec: CodecConfiguration(), channels: channels.channels,
                text: try kept == nil ? options.text.shape(channels: channels.channels) : nil)
            return try TaskObjective(shape.network(kept: kept, start: options.start, training), training)
        }
        try options.run(trainer, name: "teacher")
    }
}
