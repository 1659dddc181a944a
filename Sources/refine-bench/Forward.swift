import ArgumentParser
import Autograd
import Diffusion
import Layers
import TensorCore

struct Forward: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forward",
        abstract: "Run one component of a model on given tensors, for comparison with another implementation.",
        discussion: """
            Inputs are named as the arguments of diffusers' forward(): sample [N, C, H, W], timestep, a scalar, [1] or \
            [N], and encoder_hidden_states [N, L, D] for a network that attends to text. The output is named as diffusers \
            names it: sample.

              refine-bench forward unet --inputs in.safetensors --output out.safetensors
            """)

    @Argument(help: "The component's folder: config.json and diffusion_pytorch_model.safetensors.") var component:
        String
    @Option(help: "A safetensors file with the arguments.") var inputs: String
    @Option(help: "Where the result goes, a safetensors file.") var output: String
    @Option(help: "Threads of the engine; as many as there are cores where not given.") var threads: Int?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be 1 to 1024") }
    }

    func run() throws {
        if let threads { BLAS.threads = threads }
        var arguments = ForwardArguments(try Safetensors.read(inputs).tensors, origin: inputs)
        let unet = try ComponentFolder(component, component: "unet").unet(requiresGradient: false)
        let shape = unet.configuration
        let sample = try arguments.take("sample", axes: 4)
        let timesteps = try arguments.takeTimesteps(batch: sample.shape[0])
        let text = shape.attendsToText ? Variable(try arguments.take("encoder_hidden_states", axes: 3)) : nil
        try arguments.requireAllUsed()
        if let text, text.shape[0] != sample.shape[0] || text.shape[1] == 0 || text.shape[2] != shape.crossAttentionDim
        {
            throw ModelError(
                .wrongShape, at: inputs,
                "encoder_hidden_states has shape \(text.shape), the model needs "
                    + "[\(sample.shape[0]), L, \(shape.crossAttentionDim)]")
        }
        guard sample.count > 0, sample.shape[1] == shape.inChannels, sample.shape[2] % shape.sizeMultiple == 0,
            sample.shape[3] % shape.sizeMultiple == 0
        else {
            throw ModelError(
                .wrongShape, at: inputs,
                "sample has shape \(sample.shape), the model needs [N, \(shape.inChannels), H, W] with H and W "
                    + "multiples of \(shape.sizeMultiple)")
        }
        let result = unet(Variable(sample), timesteps: timesteps, encoderHiddenStates: text).value
        try Safetensors.write(["sample": result], to: output)
    }
}

/// The tensors of an inputs file, each of which must be asked for.
struct ForwardArguments {
    private var tensors: [String: Tensor]
    private let origin: String

    init(_ tensors: [String: Tensor], origin: String) {
        self.tensors = tensors
        self.origin = origin
    }

    /// - Throws: `ModelError` when it is missing, has another number of axes or holds undefined numbers.
    mutating func take(_ name: String, axes: Int) throws -> Tensor {
        guard let tensor = tensors.removeValue(forKey: name) else {
            throw ModelError(.missingWeight, at: origin, "there is no tensor \"\(name)\"")
        }
        guard tensor.shape.count == axes else {
            throw ModelError(.wrongShape, at: origin, "\(name) has shape \(tensor.shape), \(axes) axes are needed")
        }
        guard tensor.isFinite else {
            throw ModelError(.notFinite, at: origin, "\(name) holds infinite or undefined numbers")
        }
        return tensor
    }

    /// The timestep of each image.
    /// - Throws: `ModelError` when it is missing or does not fit the batch.
    mutating func takeTimesteps(batch: Int) throws -> [Float] {
        let tensor = tensors.removeValue(forKey: "timestep") ?? tensors.removeValue(forKey: "timesteps")
        guard let tensor else { throw ModelError(.missingWeight, at: origin, "there is no tensor \"timestep\"") }
        guard tensor.count == 1 || tensor.shape == [batch], tensor.isFinite else {
            throw ModelError(.wrongShape, at: origin, "timestep has shape \(tensor.shape), [], [1] or [\(batch)] fits")
        }
        return tensor.count == 1 ? Array(repeating: tensor.values[0], count: batch) : tensor.values
    }

    /// - Throws: `ModelError` naming a tensor that the component does not take.
    func requireAllUsed() throws {
        guard let name = tensors.keys.sorted().first else { return }
        throw ModelError(.unknownWeight, at: origin, "the component takes no tensor \"\(name)\"")
    }
}
