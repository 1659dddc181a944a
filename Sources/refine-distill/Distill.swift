import ArgumentParser
import Diffusion
import Distillation

struct Distill: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Distil a student from a teacher: stage 1, on procedural scenes.",
        discussion: """
            Minimises L_task + a L_output + b L_feature, and where --step-weight is set a term for few-step sampling. \
            A weight of 0 switches a term off; each is logged by itself in metrics.jsonl, beside the teacher's own \
            error. The teacher does not learn.

            EXAMPLES
              refine-distill distill --teacher models/teacher --run runs/student \\
                --export models/student
              refine-distill distill --teacher models/teacher --run runs/output-only \\
                --feature-weight 0
              refine-distill distill --random-teacher --run runs/control
            """)

    @OptionGroup var options: TrainingOptions
    @OptionGroup var channels: ChannelOptions
    @Option(help: "The teacher's model folder.") var teacher: String?
    @Flag(help: "A frozen teacher of random weights instead: a gain from it is not distillation.")
    var randomTeacher = false
    @Option(help: "Weight of the error against the ground truth.") var taskWeight: Float = 1
    @Option(help: "Weight of the error against the teacher's prediction.") var outputWeight: Float = 1
    @Option(help: "Weight of the distance to the teacher's features.") var featureWeight: Float = 1
    @Option(help: "Weight of the error against two steps of the teacher in one.") var stepWeight: Float = 0
    @Option(help: "How many steps the student is to sample in, for --step-weight.") var studentSteps = 4
    @Option(help: "How stages are paired: by resolution and depth, or the first with the first and so on.")
    var pairing = AsymmetricAlignment.Pairing.asymmetric

    func validate() throws {
        guard (teacher == nil) == randomTeacher else {
            throw ValidationError("give --teacher DIR, or --random-teacher")
        }
        let weights = [taskWeight, outputWeight, featureWeight, stepWeight]
        guard weights.allSatisfy({ $0 >= 0 && $0.isFinite }), weights.contains(where: { $0 > 0 }) else {
            throw ValidationError("weights are 0 or more, and one of them more than 0")
        }
        guard (1...64).contains(studentSteps) else {
            throw ValidationError("--student-steps is \(studentSteps); give 1 to 64")
        }
    }

    func run() throws {
        options.prepareEngine()
        var weights = DistillationConfiguration()
        weights.taskWeight = taskWeight
        weights.outputWeight = outputWeight
        weights.featureWeight = featureWeight
        weights.stepWeight = stepWeight
        weights.studentSteps = studentSteps
        weights.pairing = pairing
        weights.teacher = teacher
        let training = try options.configuration(defaultBatch: 16)
        var configuration = RunConfiguration(method: .distillation, training: training, start: options.start)
        configuration.distillation = weights
        let trainer = try Trainer(configuration, folder: options.runFolder) { kept in
            let shape = NetworkShape.student(
                codec: CodecConfiguration(), channels: channels.channels,
                text: try kept == nil ? options.text.shape(channels: channels.channels) : nil)
            let student = try shape.network(kept: kept, start: options.start, training)
            return try DistillationObjective(
                student, teacher: try FrozenTeacher(weights, student: student.shape, seed: training.seed), training,
                weights)
        }
        try options.run(trainer, name: "student")
    }
}

extension AsymmetricAlignment.Pairing: ExpressibleByArgument {}
