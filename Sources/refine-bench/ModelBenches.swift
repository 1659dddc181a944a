import ArgumentParser
import Autograd
import Diffusion
import Foundation
import Inpainting
import Layers
import TensorCore

/// Where the U-Net of a benchmark comes from: a folder, or fresh weights of the default student's shape.
struct ModelChoice: ParsableArguments {
    @Option(
        help: """
            A U-Net's folder or a pipeline's, in diffusers' layout; random weights of the default student's shape where \
            not given.
            """)
    var model: String?

    /// - Throws: `ModelError` naming the file and what is wrong with it.
    func unet(requiresGradient: Bool) throws -> UNet2DConditionModel {
        if let model {
            return try ComponentFolder(model, component: "unet").unet(requiresGradient: requiresGradient)
        }
        return try UNet2DConditionModel(
            .student(codec: CodecConfiguration(residualScale: 0.1)),
            parameters: ParameterSet(seed: 1, requiresGradient: requiresGradient))
    }
}

extension UNet2DConditionModel {
    /// - Throws: `ValidationError` when the network does not take images of this size.
    fileprivate func requireSize(_ batch: Int, _ width: Int, _ height: Int, _ names: String) throws {
        let multiple = configuration.sizeMultiple
        guard (1...16384).contains(width), (1...16384).contains(height), width % multiple == 0, height % multiple == 0
        else { throw ValidationError("\(names) must be multiples of \(multiple), 16384 at most") }
        guard (1...4096).contains(batch) else { throw ValidationError("--batch must be 1 to 4096") }
        let floats = Double(batch * width * height) * Double(configuration.blockOutChannels[0]) * 8
        guard floats * 4 <= 64e9 else { throw ValidationError("images of this size do not fit into memory") }
    }
}

struct UNetBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unet", abstract: "Time one forward pass of a U-Net.",
        discussion: """
            Width and height are those of the U-Net's own input. The default student folds 4x4 pixels, so 128x128 here \
            is a crop of 512x512.

              refine-bench unet --width 128 --height 128
              refine-bench unet --model ~/models/my-student --batch 2 --json
            """)

    @OptionGroup var choice: ModelChoice
    @OptionGroup var options: BenchOptions
    @Option(help: "Width of the U-Net's input.") var width = 128
    @Option(help: "Height of the U-Net's input.") var height = 128
    @Option(help: "Images.") var batch = 1

    func run() throws {
        let unet = try choice.unet(requiresGradient: false), shape = unet.configuration
        try unet.requireSize(batch, width, height, "--width and --height")
        var random = SeededRandom(seed: 1)
        let input = Variable(random.normalTensor([batch, shape.inChannels, height, width]))
        let text = shape.text(batch, &random), labels = shape.labels(batch, &random)
        try options.measure(
            "unet", shape: "\(batch)x\(shape.inChannels)x\(height)x\(width)",
            operations: Double(batch) * shape.operations(width: width, height: height)
        ) {
            _ = unet(
                input, timesteps: Array(repeating: 999, count: batch), encoderHiddenStates: text,
                classLabels: labels)
        }
    }
}

struct TrainStepBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train-step",
        abstract: "Time one training step of a U-Net: forward, mean squared error, backward, AdamW.",
        discussion: """
            The size is the side of the image in pixels. A model folder with a codec folds pixels into channels, so the \
            default student sees 32x32 of 128x128 pixels; for a bare U-Net folder it is the side of its own input.

              refine-bench train-step --batch 8 --size 128 --json
            """)

    @OptionGroup var choice: ModelChoice
    @OptionGroup var options: BenchOptions
    @Option(help: "Images of the batch.") var batch = 8
    @Option(help: "Side of the image in pixels.") var size = 128
    @Flag(help: "Keep no activations of the blocks and compute them again: slower, and less memory.")
    var checkpoint = false

    func run() throws {
        let unet = try choice.unet(requiresGradient: true), shape = unet.configuration
        unet.checkpoints = checkpoint
        let fold = try choice.model.map { try CodecConfiguration.patchSize(ofFolder: $0) } ?? 4
        guard size > 0, size % fold == 0 else { throw ValidationError("--size must be a multiple of \(fold)") }
        let side = size / fold
        try unet.requireSize(batch, side, side, "--size: the folded sides (\(side))")
        // As training runs have it.
        StoragePool.sharesSizes = false
        let optimizer = AdamW(unet.parameters)
        var random = SeededRandom(seed: 1)
        let input = Variable(random.normalTensor([batch, shape.inChannels, side, side]))
        let text = shape.text(batch, &random), labels = shape.labels(batch, &random)
        let target = random.normalTensor([batch, shape.outChannels, side, side])
        // The backward pass costs two forward ones.
        try options.measure(
            "train-step", shape: "\(batch)x\(shape.inChannels)x\(side)x\(side)",
            operations: 3 * Double(batch) * shape.operations(width: side, height: side)
        ) {
            let output = unet(
                input, timesteps: Array(repeating: 500, count: batch), encoderHiddenStates: text,
                classLabels: labels)
            output.weightedSquaredError(to: target, divisor: Double(target.count)).backward()
            optimizer.update(rate: 1e-5, maximumNorm: 1)
        }
    }
}

extension UNetConfiguration {
    /// Random states of texts of 77 tokens, for a network that attends to text.
    fileprivate func text(_ batch: Int, _ random: inout SeededRandom) -> Variable? {
        attendsToText ? Variable(random.normalTensor([batch, 77, crossAttentionDim])) : nil
    }

    /// Random class labels, for a network that projects them.
    fileprivate func labels(_ batch: Int, _ random: inout SeededRandom) -> Variable? {
        classEmbedType.flatMap { _ in projectionClassEmbeddingsInputDim }
            .map { Variable(random.normalTensor([batch, $0])) }
    }
}

extension CodecConfiguration {
    /// The side of the patch that the folder's codec folds into channels, 1 where it has no codec.
    /// - Throws: `ModelError` when there is a codec that cannot be read.
    fileprivate static func patchSize(ofFolder path: String) throws -> Int {
        let file = "\(path)/codec/config.json"
        guard let data = FileManager.default.contents(atPath: file) else { return 1 }
        guard let codec = try? JSONDecoder().decode(CodecConfiguration.self, from: data) else {
            throw ModelError(.badConfiguration, at: file, "the file describes no codec")
        }
        try codec.validate(origin: file)
        return codec.patchSize
    }
}

struct InpaintBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inpaint", abstract: "Time the fill of one crop: pre-fill, denoising, blending.",
        discussion: """
            The hole is the middle quarter of the photo, so that the crop is all of it.

              refine-bench inpaint --size 512 --json
              refine-bench inpaint --model ~/models/my-student --steps 4

            A tuned model is tried beside its base in every photo:

              refine-bench inpaint --model personal-1 --tuned-from default-student
            """)

    @Option(help: "A model folder; the one that came with the package where not given.") var model: String?
    @Option(help: "The folder of the model that --model was tuned from.") var tunedFrom: String?
    @OptionGroup var options: BenchOptions
    @Option(help: "Side of the photo in pixels.") var size = 512
    @Option(help: "Denoising steps; the model's default where not given.") var steps: Int?

    func run() throws {
        guard (16...16384).contains(size) else { throw ValidationError("--size must be 16 to 16384") }
        if let steps, !(1...64).contains(steps) { throw ValidationError("--steps must be 1 to 64") }
        guard let folder = model ?? ModelLocation.defaultDirectory() else {
            throw ValidationError("no default model is installed; give one by --model")
        }
        let model = try FillModel(directory: folder, tunedFrom: tunedFrom)
        let image = try RasterImage(
            width: size, height: size,
            samples: .u8((0..<(3 * size * size)).map { UInt8(truncatingIfNeeded: $0 / 3 % size) }))
        // A hole in the middle so large that its crop is the whole photo.
        let range = (size / 4)..<(size * 3 / 4)
        let mask = try FillMask(
            width: size, height: size,
            values: (0..<(size * size)).map { range.contains($0 % size) && range.contains($0 / size) ? 255 : 0 })
        try options.measure("inpaint", shape: "\(size)x\(size), \(steps ?? model.info.defaultSteps) steps") {
            let task = try FillTask(
                model: model, image: image, mask: mask, options: FillOptions(steps: steps, seed: 1))
            while try task.advance() {}
            _ = try task.finish()
        }
    }
}

struct PrefillBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prefill", abstract: "Time the interpolation that a hole is filled with before the network.",
        discussion: """
            A square hole in the middle of a square photo:

              refine-bench prefill --size 768 --hole 512
            """)

    @OptionGroup var options: BenchOptions
    @Option(help: "Side of the photo in pixels.") var size = 768
    @Option(help: "Side of the hole in pixels.") var hole = 512

    func run() throws {
        let size = size, first = (size - hole) / 2
        guard hole > 0, first > 0, size <= 16384 else {
            throw ValidationError("--hole must be smaller than --size, which is 16384 at most")
        }
        let inside = first..<(first + hole)
        let pixels = (0..<(3 * size * size)).map { Float($0 * 7919 % 256) / 255 }
        let mask = (0..<(size * size)).map { i in
            inside.contains(i % size) && inside.contains(i / size) ? UInt8(255) : 0
        }
        try options.measure("prefill", shape: "hole \(hole)x\(hole) in \(size)x\(size)x3") {
            _ = BiharmonicFill.fill(pixels, channels: 3, width: size, height: size, mask: mask)
        }
    }
}
