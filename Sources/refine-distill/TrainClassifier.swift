import ArgumentParser
import Distillation
import Foundation
import TensorCore

struct TrainClassifier: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train-classifier",
        abstract: "Train the material classifier that measures text control.",
        discussion: """
            It learns to name the materials of procedural scenes, place by place, and takes no part in distillation. \
            The weights are one safetensors file, for classify. A signal ends the training and keeps what was learnt.

            EXAMPLES
              refine-distill train-classifier --output material-classifier.safetensors
            """)

    @Option(help: ArgumentHelp("Where to write the weights.", valueName: "file")) var output: String
    @Option(help: "Steps of training.") var steps = MaterialTraining().steps
    @Option(help: "Pictures in a step.") var batch = MaterialTraining().batch
    @Option(help: "Of weights and data.") var seed: UInt64 = 1
    @Option(help: "Peak learning rate.") var learningRate = MaterialTraining().learningRate
    @Option(help: "Scenes that the pictures are cut from.") var scenes = MaterialTraining().scenes
    @Option(help: "Threads of the engine.") var threads: Int?

    func validate() throws {
        guard [steps, batch, scenes, threads ?? 1].allSatisfy({ $0 > 0 }), learningRate > 0, learningRate < 1 else {
            throw ValidationError("numbers are above 0, and --learning-rate is below 1")
        }
    }

    func run() throws {
        if let threads { BLAS.threads = threads }
        var training = MaterialTraining()
        (training.steps, training.batch, training.seed) = (steps, batch, seed)
        (training.learningRate, training.scenes) = (learningRate, scenes)
        let stop = StopFlag()
        var average = 0.0
        let made = try training.run(
            writing: output,
            provenance: [
                "command": CommandLine.arguments.dropFirst().joined(separator: " "), "seed": String(seed),
                "steps": String(steps),
            ],
            report: { step, loss in
                average = average == 0 ? loss : 0.98 * average + 0.02 * loss
                guard step % 100 == 0 || step == steps else { return }
                print(String(format: "step %d/%d  cross-entropy %.3f", step, steps, average))
                fflush(nil)
            }, shouldStop: { stop.isSet })
        print("wrote \(output) after \(made) steps")
    }
}
