import ArgumentParser
import Layers
import TensorCore

struct Forward: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forward",
        abstract: "Run one component of a model on given tensors, for comparison with another implementation.",
        discussion: """
            The component is a U-Net, a ControlNet, an autoencoder or a CLIP text encoder, told by its config.json. \
            Inputs and outputs are named as the arguments and results of its forward() in diffusers and transformers:

            UNet2DConditionModel: sample [N, C, H, W], timestep (a scalar, [1] or [N]), encoder_hidden_states [N, L, D] \
            where it attends to text, class_labels [N, D] where it projects them, down_block_additional_residuals.0, \
            .1 ... and mid_block_additional_residual where there are any; gives sample.
            ControlNetModel: sample, timestep, encoder_hidden_states and class_labels as above, controlnet_cond, \
            conditioning_scale (1 where left out); gives down_block_res_samples.0, .1 ... and mid_block_res_sample.
            AutoencoderKL: sample [N, 3, H, W]; gives sample, decoded from the mean, and latent_dist.mean. Or z \
            [N, C, h, w], as the decoder takes it; gives sample.
            CLIPTextModel: input_ids [N, L]; gives last_hidden_state and pooler_output.

              refine-bench forward unet --inputs in.safetensors --output out.safetensors
            """)

    @Argument(help: "The component's folder: config.json and the weights beside it.") var component: String
    @Option(help: "A safetensors file with the arguments.") var inputs: String
    @Option(help: "Where the result goes, a safetensors file.") var output: String
    @Option(help: "Threads of the engine; as many as there are cores where not given.") var threads: Int?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be 1 to 1024") }
    }

    func run() throws {
        if let threads { BLAS.threads = threads }
        var arguments = ForwardArguments(try Safetensors.read(inputs).tensors, origin: inputs)
        let outputs = try ComponentFolder(component, component: "unet").forward(&arguments)
        try Safetensors.write(outputs, to: output)
    }
}
