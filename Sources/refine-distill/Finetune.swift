import ArgumentParser
import Distillation
import Foundation

struct Finetune: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fine-tune a student on photos without labels: stage 2.",
        discussion: """
            Photos of --unlabelled, with random holes, teach beside a replay of labelled pictures: those of \
            --labelled with their captions, or procedural scenes. Pseudo-targets come from --teacher, or else from the \
            student as it was and its running average. Photos that cannot be read or are too small are left out and \
            listed. The folder that --start names must stay: a run that goes on reads it again.

            --labelled takes what \"refine-distill synth\" writes: pictures, and metadata.jsonl with a line \
            {"file_name": "a.png", "text": "a brick wall"} for each.

            EXAMPLES
              refine-distill finetune --run runs/own --start models/student \\
                --unlabelled ~/Pictures --export models/own
              refine-distill finetune --run runs/adapters --start models/student \\
                --unlabelled ~/Pictures --adapter-rank 8 --learning-rate 1e-4 --steps 500
            """)

    @OptionGroup var options: TrainingOptions
    @Option(help: "Folder of photos without labels; the folders in it count too.") var unlabelled: String
    @Option(help: "Folder of captioned pictures to replay; procedural scenes where not given.") var labelled: String?
    @Option(help: "A teacher's model folder for the pseudo-targets.") var teacher: String?
    @Option(help: "Share of crops that come from photos.") var unlabelledShare: Float = 0.5
    @Option(help: "Weight of the error against what was under the hole.") var taskWeight: Float = 1
    @Option(help: "Weight of the error against pseudo-targets.") var pseudoWeight: Float = 0.5
    @Option(help: "Share of the running average in the pseudo-targets; the rest is the student as it was.")
    var averageShare: Float = 0.5
    @Option(help: "Weight of replayed crops' error against --start's answer, in place of the other terms on them.")
    var replayMimicry: Float?
    @Option(help: "Train adapters of this rank instead of all weights.") var adapterRank: Int?

    func validate() throws {
        guard !options.text.isWanted else {
            throw ValidationError("--text is for new networks: give a student that reads captions as --start")
        }
        guard options.start != nil else { throw ValidationError("give --start DIR, the student to fine-tune") }
        guard (0...1).contains(unlabelledShare), (0...1).contains(averageShare) else {
            throw ValidationError("--unlabelled-share and --average-share are 0 to 1")
        }
        guard taskWeight >= 0, pseudoWeight >= 0, taskWeight + pseudoWeight > 0, taskWeight + pseudoWeight < 1e6 else {
            throw ValidationError("--task-weight and --pseudo-weight are 0 or more, and one of them more than 0")
        }
        guard (0..<1e6).contains(replayMimicry ?? 0) else {
            throw ValidationError("--replay-mimicry is 0 or more")
        }
        guard (1...1024).contains(adapterRank ?? 1) else {
            throw ValidationError("--adapter-rank is \(adapterRank ?? 1); give 1 to 1024")
        }
    }

    func run() throws {
        guard let start = options.start else { return }
        options.prepareEngine()
        let photos = try PhotoFolder(reading: unlabelled, option: "--unlabelled")
        let replay = try labelled.map { try PhotoFolder(reading: $0, option: "--labelled") }
        var stage = SemiSupervisedConfiguration()
        stage.unlabelledShare = unlabelledShare
        stage.taskWeight = taskWeight
        stage.pseudoWeight = pseudoWeight
        stage.averageShare = averageShare
        stage.replayMimicry = replayMimicry
        stage.adapterRank = adapterRank
        stage.teacher = teacher
        stage.labelled = labelled
        stage.unlabelled = unlabelled
        let training = try options.configuration(defaultBatch: 16)
        var configuration = RunConfiguration(method: .finetuning, training: training, start: start)
        configuration.finetuning = stage
        var tuned: SemiSupervisedStage?
        let trainer = try Trainer(configuration, folder: options.runFolder) { _ in
            let made = try SemiSupervisedStage(
                base: try InpaintingNetwork(directory: start, requiresGradient: false), training, stage,
                labelled: replay, unlabelled: photos,
                teacher: try teacher.map { try InpaintingNetwork(directory: $0, requiresGradient: false) })
            tuned = made
            return made
        }
        try options.run(trainer, name: "student")
        if let left = tuned?.skipped, !left.unlabelled.isEmpty || !left.labelled.isEmpty {
            print("left out as too small: \(left.unlabelled.count + left.labelled.count)")
            for reason in (left.unlabelled.sorted { $0.key < $1.key }).map(\.value) { print("  \(reason)") }
        }
    }
}
