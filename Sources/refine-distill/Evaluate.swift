import ArgumentParser
import Diffusion
import Distillation
import Foundation
import Layers

struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fill fixed crops of photos with a model and score the fills.",
        discussion: """
            EXAMPLES
              refine-distill evaluate --model models/student --crops dev-128.safetensors
              refine-distill evaluate --model models/student --crops dev-128.safetensors --output fills.safetensors
            """)

    @Option(help: "A model folder.") var model: String
    @Option(help: "Crops as Tests/Peers/make_crops.py writes them.") var crops: String
    @Option(help: "Denoising steps.") var steps = 1
    @Option(help: "Of the noise.") var seed: UInt64 = 0
    @Option(help: "Write the fills here: safetensors with \"fills\" and \"prefills\" [N, 3, S, S].") var output: String?

    func run() throws {
        let set = try ValidationSet(reading: crops)
        let pipeline = try InpaintingPipeline(directory: model)
        let fills = set.fills(by: pipeline, steps: steps, seed: seed)
        let score = set.score(fills), before = set.score(set.prefills)
        print(String(format: "pre-fill  mean %.3f dB  pooled %.3f dB", before.mean, before.pooled))
        print(String(format: "student   mean %.3f dB  pooled %.3f dB", score.mean, score.pooled))
        if let output { try Safetensors.write(["fills": fills, "prefills": set.prefills], to: output) }
    }
}
