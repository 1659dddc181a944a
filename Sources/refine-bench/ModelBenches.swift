import ArgumentParser
import Autograd
import Diffusion
import Inpainting
import Layers
import TensorCore

/// Where the model of a benchmark comes from: a folder, or fresh weights of the default student's shape.
struct ModelChoice: ParsableArguments {
    @Option(help: "A model folder; the default student's shape with random weights where it is left out.")
    var model: String?
}

struct UNetBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unet", abstract: "One forward pass of a U-Net.",
        discussion: """
            Width and height are those of the U-Net's own input. The default student folds 4x4 pixels, so 128x128 here \
            is a crop of 512x512.
            """)

    @OptionGroup var choice: ModelChoice
    @OptionGroup var options: BenchOptions
    @Option var width = 128
    @Option var height = 128
    @Option var batch = 1

    func run() throws {
        let shape: UNetConfiguration, parameters: ParameterSet
        if let model = choice.model {
            shape = try ModelFolder(reading: model).unet
            parameters = try ModelFolder.unetParameters(in: model, requiresGradient: false)
        } else {
            shape = .student(codec: CodecConfiguration(residualScale: 0.1))
            parameters = ParameterSet(seed: 1, requiresGradient: false)
        }
        guard width > 0, height > 0, batch > 0, width % shape.sizeMultiple == 0, height % shape.sizeMultiple == 0 else {
            throw ValidationError("--width and --height must be multiples of \(shape.sizeMultiple)")
        }
        let unet = try UNet2DConditionModel(shape, parameters: parameters)
        var random = SeededRandom(seed: 1)
        let input = Variable(random.normalTensor([batch, shape.inChannels, height, width]))
        try options.measure(
            "unet", shape: "\(batch)x\(shape.inChannels)x\(height)x\(width)",
            operations: Double(batch) * shape.operations(width: width, height: height)
        ) {
            _ = unet(input, timesteps: Array(repeating: 999, count: batch))
        }
    }
}

struct InpaintBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inpaint", abstract: "The fill of one crop: pre-fill, denoising, blending.")

    @Option(help: "A model folder.") var model: String = ModelLocation.defaultDirectory() ?? ""
    @OptionGroup var options: BenchOptions
    @Option(help: "Side of the photo in pixels.") var size = 512
    @Option(help: "Denoising steps; the model's default where it is left out.") var steps: Int?

    func run() throws {
        let model = try FillModel(directory: model)
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
        commandName: "prefill", abstract: "The interpolation that a hole is filled with before the network.")

    @OptionGroup var options: BenchOptions
    @Option(help: "Side of the photo in pixels.") var size = 768
    @Option(help: "Side of the hole in pixels.") var hole = 512

    func run() throws {
        let size = size, first = (size - hole) / 2
        guard hole > 0, first > 0 else { throw ValidationError("--hole must be smaller than --size") }
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
