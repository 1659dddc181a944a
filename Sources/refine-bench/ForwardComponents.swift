import Autograd
import Diffusion
import Layers
import TensorCore

/// Runs one component of each kind on the tensors of an inputs file.
///
/// Each method takes its arguments by diffusers' names, checks their shapes, and returns the outputs by diffusers' names.
/// All throw `ModelError` naming the argument.
extension ComponentFolder {
    /// The outputs of the component of this folder, whatever it is.
    func forward(_ arguments: inout ForwardArguments) throws -> [String: Tensor] {
        switch try className() {
        case "UNet2DConditionModel": return try unet(&arguments)
        case "ControlNetModel": return try controlNet(&arguments)
        case "AutoencoderKL": return try autoencoder(&arguments)
        case "CLIPTextModel", "clip_text_model": return try textEncoder(&arguments)
        case let name:
            throw ModelError(
                .unsupportedModel, at: path,
                "class \"\(name)\" is none of UNet2DConditionModel, ControlNetModel, AutoencoderKL and CLIPTextModel")
        }
    }

    /// sample, timestep, encoder_hidden_states where it attends to text, class_labels where it projects them;
    /// down_block_additional_residuals.0, .1 ... and mid_block_additional_residual where they are given.
    private func unet(_ arguments: inout ForwardArguments) throws -> [String: Tensor] {
        let network = try unet(requiresGradient: false), shape = network.configuration
        let input = try arguments.noisy(shape)
        var residuals: ControlNetModel.Residuals?
        if arguments.has("mid_block_additional_residual") || arguments.has("down_block_additional_residuals.0") {
            let shapes = shape.skipShapes(of: input.sample.shape)
            let down = try shapes.enumerated().map { i, shape in
                Variable(try arguments.take("down_block_additional_residuals.\(i)", shape: shape))
            }
            let middle = try arguments.take("mid_block_additional_residual", shape: shapes[shapes.count - 1])
            residuals = .init(down: down, middle: Variable(middle))
        }
        try arguments.requireAllUsed()
        let output = network(
            Variable(input.sample), timesteps: input.timesteps, encoderHiddenStates: input.text,
            classLabels: input.labels, additionalResiduals: residuals)
        return ["sample": output.value]
    }

    /// sample, timestep, encoder_hidden_states where it attends to text, controlnet_cond, and conditioning_scale, 1 where
    /// it is not given.
    private func controlNet(_ arguments: inout ForwardArguments) throws -> [String: Tensor] {
        let shape = try configuration(ControlNetConfiguration.self)
        let network = try ControlNetModel(shape, parameters: parameters(), origin: path)
        let input = try arguments.noisy(shape.backbone), size = input.sample.shape, factor = shape.conditioningFactor
        let control = try arguments.take(
            "controlnet_cond", shape: [size[0], shape.conditioningChannels, size[2] * factor, size[3] * factor])
        let scale = arguments.has("conditioning_scale") ? try arguments.takeScalar("conditioning_scale") : 1
        try arguments.requireAllUsed()
        let residuals = network(
            Variable(input.sample), timesteps: input.timesteps, encoderHiddenStates: input.text,
            classLabels: input.labels, control: Variable(control), scale: scale)
        var outputs = ["mid_block_res_sample": residuals.middle.value]
        for (i, residual) in residuals.down.enumerated() {
            outputs["down_block_res_samples.\(i)"] = residual.value
        }
        return outputs
    }

    /// sample, which is encoded and decoded again without noise, or z, which is decoded.
    private func autoencoder(_ arguments: inout ForwardArguments) throws -> [String: Tensor] {
        let shape = try configuration(AutoencoderConfiguration.self)
        let network = try AutoencoderKL(
            shape, parameters: parameters(variants: ["", "fp16"], canonical: AutoencoderKL.canonical), origin: path)
        // The model's own methods work on scaled latents, diffusers' do not.
        if arguments.has("z") {
            let latents = try arguments.take("z", axes: 4)
            try arguments.require(latents, "z", channels: shape.latentChannels, multiple: 1)
            try arguments.requireAllUsed()
            return ["sample": network.decode(latents * shape.scalingFactor)]
        }
        let sample = try arguments.take("sample", axes: 4)
        try arguments.require(sample, "sample", channels: 3, multiple: shape.sizeFactor)
        try arguments.requireAllUsed()
        let latents = network.encode(sample)
        return ["sample": network.decode(latents), "latent_dist.mean": latents * (1 / shape.scalingFactor)]
    }

    /// input_ids, [N, L].
    private func textEncoder(_ arguments: inout ForwardArguments) throws -> [String: Tensor] {
        let shape = try configuration(CLIPTextConfiguration.self)
        let network = try CLIPTextModel(
            shape, parameters: parameters("model", variants: ["", "fp16"], canonical: CLIPTextModel.canonical),
            origin: path)
        let ids = try arguments.take("input_ids", axes: 2)
        try arguments.requireAllUsed()
        guard ids.shape[0] > 0, (1...shape.maxPositionEmbeddings).contains(ids.shape[1]),
            ids.values.allSatisfy({ $0 >= 0 && $0 < Float(shape.vocabSize) && $0 == $0.rounded() })
        else {
            throw ModelError(
                .wrongShape, at: arguments.origin,
                "input_ids has shape \(ids.shape), the model needs [N, L] with L up to \(shape.maxPositionEmbeddings), "
                    + "all of them whole numbers below \(shape.vocabSize)")
        }
        let length = ids.shape[1], values = ids.values.map(Int.init)
        let tokens = (0..<ids.shape[0]).map { Array(values[($0 * length)..<(($0 + 1) * length)]) }
        let text = network.embedding(of: tokens)
        return ["last_hidden_state": text.states.value, "pooler_output": text.pooled.value]
    }
}

extension UNetConfiguration {
    /// The shapes of the skip connections for a sample of `shape`, finest first; the last is the middle's too.
    fileprivate func skipShapes(of shape: [Int]) -> [[Int]] {
        var (height, width) = (shape[2], shape[3])
        var shapes = [[shape[0], blockOutChannels[0], height, width]]
        for (level, channels) in blockOutChannels.enumerated() {
            for _ in 0..<layersPerBlock { shapes.append([shape[0], channels, height, width]) }
            guard level + 1 < blockOutChannels.count else { break }
            (height, width) = (height / 2, width / 2)
            shapes.append([shape[0], channels, height, width])
        }
        return shapes
    }
}
