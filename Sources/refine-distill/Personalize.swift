import ArgumentParser
import Diffusion
import Distillation
import Foundation
import Personalization
import TensorCore

/// `refine-distill personalize`
struct Personalize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tune on one folder of photos as refined does, and judge by another.",
        discussion: """
            The recipe, the comparison and the gate are those of background tuning. Each photo of --held-out counts \
            once; with --leave-each-out each photo of --photos is judged by weights that learnt from all the others, in \
            as many runs. With --control the weights that were tuned on --photos are judged by a folder that has nothing to do \
            with them as well: they must gain nothing there.

            EXAMPLES
              refine-distill personalize --base models/student --photos sets/map/train \\
                --held-out sets/map/held-out --run runs/map --control sets/print/held-out
              refine-distill personalize --base models/student --photos sets/real \\
                --leave-each-out --run runs/real
            """)

    @Option(help: "The folder of the base model.") var base: String
    @Option(help: "Folder of photos to learn from.") var photos: String
    @Option(help: "Folder of photos to judge by.") var heldOut: String?
    @Flag(help: "Judge by each photo of --photos what was learnt from the others.") var leaveEachOut = false
    @Option(help: "Folder of unrelated photos to judge by as well.") var control: String?
    @Option(name: .customLong("run"), help: "The run folder; made where it is missing.") var runFolder: String
    @Option(help: "Steps of the run, and of its learning rate's way down.") var steps = PersonalRecipe.steps
    @Option(help: "Of data and noise.") var seed: UInt64 = 1
    @Option(help: "Train adapters of this rank instead of all weights.") var adapterRank: Int?
    @Option(help: "Peak learning rate; the recipe's where not given.") var learningRate: Float?
    @Option(help: "Share of crops that come from photos; the recipe's where not given.") var unlabelledShare: Float?
    @Option(help: "Weight of the error against pseudo-targets; the recipe's where not given.") var pseudoWeight: Float?
    @Option(help: "Weight of replayed crops' error against the base's answer; the recipe's where not given.")
    var replayMimicry: Float?
    @Option(help: "Share of crops with many thin holes; the recipe's where not given.") var thinShare: Float?
    @Option(help: "Share of samples at the pure-noise timestep; the recipe's where not given.")
    var terminalShare: Float?
    @Option(help: "What an error counts for each pixel deeper in the hole; the recipe's where not given.")
    var depthDiscount: Float?
    @Option(help: "How many scenes replayed crops come from; the recipe's where not given.") var scenes: Int?
    @Option(help: "Decay of the averaged weights; the recipe's where not given.") var emaDecay: Float?
    @Option(help: "Every how many steps the crops are large, 0 for never; the recipe's where not given.")
    var largeCropInterval: Int?
    @Option(help: "Threads of the engine.") var threads: Int?
    @Flag(help: "Print one JSON object at the end.") var json = false

    func validate() throws {
        guard (heldOut == nil) == leaveEachOut else {
            throw ValidationError("give either --held-out or --leave-each-out")
        }
        guard steps >= 1 else { throw ValidationError("--steps is \(steps); give 1 or more") }
        guard (1...1024).contains(adapterRank ?? 1) else {
            throw ValidationError("--adapter-rank is \(adapterRank ?? 1); give 1 to 1024")
        }
        guard (learningRate ?? 1e-4) > 0, (0...1).contains(unlabelledShare ?? 0), (pseudoWeight ?? 0) >= 0,
            (replayMimicry ?? 0) >= 0
        else {
            throw ValidationError(
                "--learning-rate is above 0, --unlabelled-share 0 to 1, --pseudo-weight and --replay-mimicry 0 or more")
        }
        guard (0...1).contains(thinShare ?? 0), (0..<1).contains(emaDecay ?? 0),
            (largeCropInterval ?? 0) >= 0, (0...1).contains(terminalShare ?? 0), (0...1).contains(depthDiscount ?? 1),
            (scenes ?? 1) >= 1,
            (1...64).contains(threads ?? 1)
        else {
            throw ValidationError(
                """
                --thin-share, --terminal-share and --depth-discount are 0 to 1, --ema-decay below 1, \
                --large-crop-interval 0 or more, --scenes 1 or more, --threads 1 to 64
                """
            )
        }
    }

    func run() throws {
        if let threads { BLAS.threads = threads }
        let learnt = try Self.read(photos, "--photos")
        let old = try InpaintingNetwork(directory: base, requiresGradient: false)
        var report = Report(photos: learnt.count, steps: steps)
        var canary: [Double] = []
        let judge = PersonalJudge(seed: 0x5EED_0F_1D6E)
        func measure(_ folder: String, learnt: [TrainingPhoto], judged: [(key: Int, photo: TrainingPhoto)]) throws {
            let new = ChoosingFiller(base: old, tuned: try tuned(learnt, in: folder, &report))
            report.gains += judged.compactMap { judge.gain($0.photo, key: UInt64($0.key), from: old, to: new) }
            canary += judge.canary(from: old, to: new)
            guard let control else { return }
            let unrelated = try Self.read(control, "--control").enumerated().compactMap {
                judge.gain($1, key: UInt64($0), from: old, to: new)
            }
            report.control =
                AdoptionGate().judge(
                    gains: unrelated, canary: canary, earlier: 0, seed: 1
                ).line
        }
        if let heldOut {
            let judged = try Self.read(heldOut, "--held-out").enumerated().map { (key: $0, photo: $1) }
            try measure(runFolder, learnt: learnt, judged: judged)
        } else {
            guard learnt.count > 1 else { throw ValidationError("--photos has but one photo") }
            for (i, photo) in learnt.enumerated() {
                var others = learnt
                others.remove(at: i)
                try measure("\(runFolder)/without-\(i)", learnt: others, judged: [(key: i, photo: photo)])
            }
        }
        report.take(
            AdoptionGate().judge(gains: report.gains, canary: canary, earlier: 0, seed: 1))
        try report.print(asJSON: json)
    }

    /// What the run makes of the base, in half precision, as a generation is.
    private func tuned(_ photos: [TrainingPhoto], in folder: String, _ report: inout Report) throws -> InpaintingNetwork
    {
        let began = ContinuousClock.now, before = Self.processorSeconds
        let start = try InpaintingNetwork(directory: base, requiresGradient: false)
        let trainer = try train(Photos(photos: photos), from: start, in: folder)
        report.seconds += began.duration(to: .now) / .seconds(1)
        report.cpuSeconds += Self.processorSeconds - before
        let export = "\(folder)/export"
        try trainer.export(to: export, index: ModelIndex(name: "student", generation: "tuned", defaultSteps: 1))
        return try InpaintingNetwork(directory: export, requiresGradient: false)
    }

    private func train(_ source: Photos, from start: InpaintingNetwork, in folder: String) throws -> Trainer {
        var configuration = PersonalRecipe.configuration(parent: base, seed: seed)
        configuration.training.steps = steps
        if let thinShare { configuration.training.thinShare = thinShare }
        if let terminalShare { configuration.training.terminalShare = terminalShare }
        if let depthDiscount { configuration.training.depthDiscount = depthDiscount }
        if let scenes { configuration.training.scenes = scenes }
        if let emaDecay { configuration.training.emaDecay = emaDecay }
        if let largeCropInterval { configuration.training.largeCropInterval = largeCropInterval }
        if let learningRate { configuration.training.learningRate = learningRate }
        var stage = configuration.finetuning ?? SemiSupervisedConfiguration()
        if let adapterRank { stage.adapterRank = adapterRank }
        if let unlabelledShare { stage.unlabelledShare = unlabelledShare }
        if let pseudoWeight { stage.pseudoWeight = pseudoWeight }
        if let replayMimicry { stage.replayMimicry = replayMimicry }
        configuration.finetuning = stage
        let chosen = stage
        let trainer = try Trainer(configuration, folder: folder) { _ in
            try SemiSupervisedStage(
                base: start, configuration.training, chosen, labelled: nil, unlabelled: source, teacher: nil)
        }
        var schedule = Trainer.Schedule()
        schedule.checkpointInterval = PersonalRecipe.checkpointInterval
        schedule.validationInterval = 0
        let stop = StopFlag()
        try trainer.train(schedule, shouldStop: { stop.isSet })
        guard trainer.isFinished else {
            throw CleanExit.message("stopped after step \(trainer.step) of \(steps); the same command goes on")
        }
        return trainer
    }

    private static func read(_ folder: String, _ option: String) throws -> [TrainingPhoto] {
        let source = try PhotoFolder(reading: folder, option: option)
        return try (0..<source.count).map { try source.photo(at: $0) }
    }

    private static var processorSeconds: Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

    private struct Photos: PhotoSource {
        let photos: [TrainingPhoto]
        var count: Int { photos.count }
        func photo(at index: Int) throws -> TrainingPhoto { photos[index] }
    }

    private struct Report: Encodable {
        var photos, steps: Int
        var verdict = ""
        var gain = 0.0, lowerBound = 0.0, canaryGain = 0.0, level = 0.0
        var heldOutPhotos = 0
        var seconds = 0.0, cpuSeconds = 0.0
        var gains: [Double] = []
        var control: String?

        init(photos: Int, steps: Int) {
            self.photos = photos
            self.steps = steps
        }

        mutating func take(_ j: AdoptionGate.Judgement) {
            (verdict, gain, lowerBound) = (j.verdict.rawValue, j.gain, j.lowerBound.isFinite ? j.lowerBound : -999)
            (canaryGain, level, heldOutPhotos) = (j.canaryGain, j.level, j.photos)
        }

        func print(asJSON: Bool) throws {
            guard !asJSON else {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys]
                return Swift.print(String(decoding: try encoder.encode(self), as: UTF8.self))
            }
            Swift.print(
                """
                \(verdict): gain \(decibels(gain)), at least \(decibels(lowerBound)) at level \(level), \
                by \(heldOutPhotos) photos; canary \(decibels(canaryGain))
                \(steps) steps on \(photos) photos in \(Int(seconds)) s, \(Int(cpuSeconds)) s of processor time
                by photo: \(gains.map { String(format: "%+.2f", $0) }.joined(separator: " "))
                """)
            if let control { Swift.print("control: \(control)") }
        }
    }
}

private func decibels(_ value: Double) -> String { String(format: "%+.3f dB", value) }

extension AdoptionGate.Judgement {
    fileprivate var line: String {
        "\(verdict.rawValue): gain \(decibels(gain)), at least \(decibels(lowerBound)), by \(photos) photos"
    }
}
