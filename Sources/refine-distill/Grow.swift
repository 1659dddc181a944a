import ArgumentParser
import Diffusion
import Distillation
import Foundation
import Layers

struct Grow: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Grow a teacher from a student: a larger network that computes what the smaller one does.",
        discussion: """
            Repeats channels, adds layers that begin by adding nothing, attention to text and a ControlNet. The result \
            is a model folder with the student's own scores; train-teacher --start goes on from it. With whole models \
            of one width factor the output is the student's to rounding; where neighbouring levels are widened by \
            different factors it is only near, which is said.

            EXAMPLES
              refine-distill grow --from models/student --channels 128,192,160,192 \\
                --layers 2 --output teacher-0
              refine-distill train-teacher --run runs/teacher-1 --start teacher-0 \\
                --export teacher-1
            """)

    @Option(help: ArgumentHelp("The student's model folder.", valueName: "dir")) var from: String
    @OptionGroup var channels: ChannelOptions
    @Option(help: "Residual blocks of a level on the way down; those of the student where not given.")
    var layers: Int?
    @Option(help: "Of what the new weights begin with.") var seed: UInt64 = 1
    @Option(help: ArgumentHelp("The model folder to write, in fp16.", valueName: "dir")) var output: String

    func run() throws {
        let old = try ModelFolder(reading: from).index
        let student = try InpaintingNetwork(directory: from, requiresGradient: false)
        let growth = try NetworkGrowth(
            of: student.shape, channels: channels.channels ?? student.shape.unet.blockOutChannels,
            layers: layers ?? student.shape.unet.layersPerBlock, origin: from)
        let network = try growth.network(from: student, seed: seed)
        let cost = growth.cost(side: 512)
        print(
            "\(network.parameterCount) parameters; "
                + "\(String(format: "%.1f", cost.grown / 1e9)) G multiply-accumulates at 512x512, "
                + "\(String(format: "%.2f", cost.grown / cost.source)) times the student's")
        if !growth.blocksWithOtherGroups.isEmpty {
            print(
                "only near to the student: neighbouring levels are widened differently, so the first norms of "
                    + growth.blocksWithOtherGroups.joined(separator: ", ") + " see other groups")
        }
        let index = ModelIndex(
            name: "teacher", generation: "grown-from-\(old.generation)", defaultSteps: 1,
            provenance: [
                "command": CommandLine.arguments.dropFirst().joined(separator: " "), "seed": String(seed),
                "source": "\(old.name) \(old.generation)",
            ])
        try network.write(to: output, index: index, as: .float16)
        print("wrote \(output)")
    }
}
