import ArgumentParser
import Diffusion
import Distillation
import Foundation
import Glibc
import Layers
import Metrics

struct Ablate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train students with and without each term of the method, and compare them.",
        discussion: """
            Arms: a task only; b task + output; c task + feature; d all three; e all three, then stage 2 on \
            --unlabelled; f direct regression without diffusion; equal-index and random-teacher are controls of d. \
            All have the same budget of steps and the same seeds; those that ask the teacher share its answers. \
            Writes ablation.md and ablation.json into the run folder, with the teacher and classical fills \
            beside the arms, by every metric of evaluate, on the crops of --validation and on scenes that no arm saw. \
            The same command goes on where it stopped.

            Fills of other programs: the crops are written to crops/SET.safetensors in the run folder; what lies in \
            fills/NAME/SET.safetensors (a tensor \"fills\") becomes a row. Tests/Peers/classical_fills.py RUN puts \
            OpenCV's Telea and Navier-Stokes there; then give the same command again.

            --limits adds a second table, limits.md: what students took over of the teacher's errors, by what the \
            holes hide; and with --unlabelled stage 2 on that library as it is, on three of its photos, blurred, full \
            of duplicates, and on drawings instead of photos.

            EXAMPLES
              refine-distill ablate --run runs/ablation --teacher models/teacher \\
                --steps 2000 --batch 8 --arms a,b,c,d,f --validation dev-128.safetensors
              refine-distill ablate --run runs/ablation --teacher models/teacher \\
                --unlabelled ~/Pictures --seeds 1,2,3 --limits
            """)

    @OptionGroup var options: TrainingOptions
    @OptionGroup var channels: ChannelOptions
    @Option(help: "The teacher's model folder.") var teacher: String
    @Option(
        help: ArgumentHelp("The arms, separated by commas.", valueName: "list"),
        transform: { text in
            try text.split(separator: ",").map { name in
                guard let arm = AblationArm(rawValue: String(name)) else {
                    let all = AblationArm.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("\"\(name)\" is no arm; there are \(all)")
                }
                return arm
            }
        })
    var arms: [AblationArm]?
    @Option(
        help: ArgumentHelp("The seeds, separated by commas; --seed alone where not given.", valueName: "list"),
        transform: { text in
            let seeds = text.split(separator: ",").map { UInt64($0) }
            guard !seeds.isEmpty, seeds.allSatisfy({ $0 != nil }), Set(seeds).count == seeds.count else {
                throw ValidationError("give different whole numbers, such as 1,2,3")
            }
            return seeds.compactMap { $0 }
        })
    var seeds: [UInt64]?
    @Option(help: "Folder of photos for arm e.") var unlabelled: String?
    @Option(help: "Steps of stage 2 in arm e; a quarter of --steps where not given.") var secondStageSteps: Int?
    @Option(help: "Minutes of processor time that an arm may take, over all threads.") var minutesPerArm = 600.0
    @Option(help: "Steps of sampling to score beside one.") var samplingSteps = 4
    @Flag(
        help: "Also tell what students took over of the teacher's errors, and what stage 2 does with poor libraries.")
    var limits = false
    @Option(
        help: ArgumentHelp(
            "Weights of LPIPS, FID and CMMD; $XDG_DATA_HOME/refine-control/metrics where left out.", valueName: "dir"))
    var metricWeights: String?

    private var chosen: [AblationArm] {
        arms ?? [.scratch, .taskOutput, .taskFeature, .trilevel] + (unlabelled == nil ? [] : [.secondStage])
            + [.regression]
    }

    func validate() throws {
        guard !chosen.isEmpty, Set(chosen).count == chosen.count else {
            throw ValidationError("--arms names an arm twice, or none")
        }
        guard !options.text.isWanted else {
            throw ValidationError("--text is not for comparisons: their students read no captions")
        }
        guard !chosen.contains(.secondStage) || (unlabelled != nil && chosen.contains(.trilevel)) else {
            throw ValidationError("arm e goes on from arm d and needs --unlabelled DIR")
        }
        guard options.start == nil, options.export == nil else {
            throw ValidationError("--start and --export are not for comparisons: every arm starts from random weights")
        }
        guard minutesPerArm > 0, (1...64).contains(samplingSteps), (secondStageSteps ?? 1) >= 1 else {
            throw ValidationError("--minutes-per-arm, --sampling-steps and --second-stage-steps are more than 0")
        }
    }

    func run() throws {
        options.prepareEngine()
        var configuration = AblationConfiguration(
            training: try options.configuration(defaultBatch: 16), teacher: teacher)
        configuration.seeds = seeds ?? [options.seed]
        configuration.arms = chosen
        configuration.channels = channels.channels
        configuration.minutesPerArm = minutesPerArm
        configuration.samplingSteps = samplingSteps
        configuration.secondStageSteps = secondStageSteps ?? max(options.steps / 4, 1)
        configuration.secondStage.unlabelled = unlabelled
        configuration.secondStage.teacher = teacher
        let photos = try unlabelled.map { try PhotoFolder(reading: $0, option: "--unlabelled") }
        let sets =
            try options.validation.map { try ValidationSet(reading: $0, limit: options.validationLimit) }
            + [ValidationSet(scenesOf: 0x7E57, count: 32, size: options.cropSize)]
        let weights = try MetricWeights(
            folder: metricWeights ?? MetricWeights.defaultFolder(), isRequired: metricWeights != nil)
        let folder = options.runFolder
        let ablation = try Ablation(configuration, folder: folder, photos: photos)
        var schedule = Trainer.Schedule()
        schedule.checkpointInterval = options.checkpointInterval
        schedule.validationInterval = options.validationInterval
        schedule.writePicture = { try PictureFile.write($0, to: $1) }
        let stop = StopFlag()
        var progress: [String: TrainingProgress] = [:]
        let trained = try ablation.train(
            schedule,
            report: { arm, seed, step, share in
                let name = "\(arm.title), seed \(seed)"
                let steps = arm == .secondStage ? configuration.secondStageSteps : options.steps
                progress[name, default: TrainingProgress(steps: steps, first: step - 1, name: name)]
                    .report(step: step, share: share)
            }, shouldStop: { stop.isSet })
        print()
        guard let trained else {
            print("stopped; the same command goes on")
            return
        }
        let table = try AblationTable(configuration, trained, sets: sets, folder: folder, weights: weights) {
            print("measuring: \($0)")
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(try encoder.encode(table), to: "\(folder)/ablation.json")
        let command = (["refine-distill"] + CommandLine.arguments.dropFirst()).joined(separator: " ")
        let text = "# Ablation\n\n```\n\(command)\n```\n\n\(table.markdown())"
        try AtomicFile.write(Data(text.utf8), to: "\(folder)/ablation.md")
        print(table.markdown())
        print("wrote \(folder)/ablation.md and \(folder)/ablation.json")
        guard limits else { return }
        let found = try ablation.limits(
            of: trained, sets: sets, weights: weights, schedule: schedule, progress: { print($0) },
            shouldStop: { stop.isSet })
        guard let found else {
            print("stopped; the same command goes on")
            return
        }
        try AtomicFile.write(try encoder.encode(found), to: "\(folder)/limits.json")
        try AtomicFile.write(
            Data("# Limits\n\n```\n\(command)\n```\n\n\(found.markdown())\n".utf8), to: "\(folder)/limits.md")
        print(found.markdown())
        print("wrote \(folder)/limits.md and \(folder)/limits.json")
    }
}
