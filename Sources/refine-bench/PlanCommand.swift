import ArgumentParser
import Autograd
import Diffusion
import Foundation
import Layers
import TensorCore

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Time the algorithms for each convolution of a U-Net and keep the fastest in a plan.",
        discussion: """
            The plan is valid for this CPU, these libraries and this number of threads; refined and the benchmarks read it \
            at their start. The same plan gives the same bytes. Let nothing else run meanwhile.

              refine-bench plan
              refine-bench plan --sizes 128,192,256 --train
            """)

    @OptionGroup var choice: ModelChoice
    @Option(help: "Sides of the U-Net's input to plan for, separated by commas.") var sizes = "32,64,96,128"
    @Flag(help: "Plan for training too: batches of --batch, sides of 32.") var train = false
    @Option(help: "Images of a training batch.") var batch = 8
    @Option(help: "Threads of the engine; as many as there are cores where not given.") var threads: Int?
    @Option(help: "Where the plan goes; the machine's own place where not given.") var output: String?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be 1 to 1024") }
        guard (1...256).contains(batch) else { throw ValidationError("--batch must be 1 to 256") }
    }

    func run() throws {
        if let threads { BLAS.threads = threads }
        guard let path = output ?? ConvolutionPlan.defaultPath() else {
            throw ValidationError("there is neither $XDG_CACHE_HOME nor $HOME; say where the plan goes by --output")
        }
        let unet = try choice.unet(requiresGradient: false), multiple = unet.configuration.sizeMultiple
        let sides = try sizes.split(separator: ",").map { text in
            guard let side = Int(text), (1...1024).contains(side), side % multiple == 0 else {
                throw ValidationError("--sizes: \(text) is no multiple of \(multiple) up to 1024")
            }
            return side
        }
        var problems = Convolution.problems { for side in sides { unet.runOnce(batch: 1, side: side) } }
        if train {
            let learner = try choice.unet(requiresGradient: true)
            problems.formUnion(Convolution.problems { learner.runOnce(batch: batch, side: 32) })
        }
        var planner = ConvolutionPlanner(problems)
        while let (problem, timing) = planner.advance() {
            print(Self.line(problem, timing, chosen: planner.choices[problem]))
        }
        try planner.plan.write(to: path)
        print("plan \(planner.plan.id), \(problems.count) convolutions: \(path)")
    }

    private static func line(
        _ problem: ConvolutionProblem, _ timing: ConvolutionPlanner.Timing, chosen: ConvolutionAlgorithm?
    ) -> String {
        let shape = problem.input.map(String.init).joined(separator: "x")
        let window = "\(problem.weights[2])x\(problem.weights[3])/\(problem.stride)"
        let times = timing.map { algorithm, seconds in
            String(format: "%@%@ %.2f ms", algorithm == chosen ? "*" : "", algorithm.rawValue, seconds * 1e3)
        }
        return "\(problem.direction.rawValue) \(shape) to \(problem.weights[0]), \(window): "
            + times.joined(separator: "  ")
    }
}

extension UNet2DConditionModel {
    /// A forward pass, and a backward one where the weights train.
    fileprivate func runOnce(batch: Int, side: Int) {
        let input = Variable(Tensor(repeating: 0.5, shape: [batch, configuration.inChannels, side, side]))
        let output = self(input, timesteps: Array(repeating: 1, count: batch))
        if output.requiresGradient { output.backward() }
    }
}
