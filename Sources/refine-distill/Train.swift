import ArgumentParser
import Diffusion
import Distillation

struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a student on procedural scenes by the task loss alone.",
        discussion: """
            Scenes are drawn as they are needed; no image files are read for training. The run folder holds the \
            settings, metrics.jsonl, loss.svg, sheets of fills and the newest checkpoint: the same command goes on \
            where it stopped.

            EXAMPLES
              refine-distill train --run runs/student --steps 10000 --seed 1
              refine-distill train --run runs/student --steps 10000 --seed 1 \\
                --validation dev-128.safetensors --validation dev-256.safetensors \\
                --export models/student
            """)

    @OptionGroup var options: TrainingOptions
    @OptionGroup var channels: ChannelOptions
    @OptionGroup var coarse: CoarseOptions

    func run() throws {
        options.prepareEngine()
        var training = try options.configuration(defaultBatch: 16)
        try coarse.apply(to: &training, start: options.start)
        let configuration = RunConfiguration(method: .task, training: training, start: options.start)
        let trainer = try Trainer(configuration, folder: options.runFolder) { [training] kept in
            let shape = NetworkShape.student(
                codec: CodecConfiguration(), channels: channels.channels,
                text: try kept == nil ? options.text.shape(channels: channels.channels) : nil)
            return try TaskObjective(shape.network(kept: kept, start: options.start, training), training)
        }
        try options.run(trainer, name: "student")
    }
}
