import ArgumentParser
import Glibc
import TensorCore

/// The laboratory: makes data, trains, evaluates. Nothing of it runs in the daemon.
@main
struct RefineDistill: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refine-distill",
        abstract: "Train and measure the models of Refine-Control.",
        discussion: """
            Pictures with captions to look at, and a small student of them:

              refine-distill synth --output scenes --count 8
              refine-distill train --run runs/first --steps 2000

            How the run stands, also while it goes on:

              refine-distill report runs/first
            """,
        subcommands: [
            Synth.self, Train.self, Grow.self, TrainTeacher.self, Distill.self, Finetune.self, Personalize.self,
            Ablate.self, Report.self, Evaluate.self, Textures.self, TrainClassifier.self, Classify.self,
        ])

    /// libgomp reads its wait policy before main; passive threads leave the core to whoever has work.
    static func main() {
        EngineProcess.restartWithPassiveThreads()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            exit(withError: error)
        }
    }
}
