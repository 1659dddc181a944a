import Autograd
import Diffusion
import Layers
import TensorCore

/// The tensors of an inputs file, each of which must be asked for.
struct ForwardArguments {
    private var tensors: [String: Tensor]
    /// The file, for errors.
    let origin: String

    init(_ tensors: [String: Tensor], origin: String) {
        self.tensors = tensors
        self.origin = origin
    }

    func has(_ name: String) -> Bool { tensors[name] != nil }

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

    /// - Throws: `ModelError` as above, and when it has another shape.
    mutating func take(_ name: String, shape: [Int]) throws -> Tensor {
        let tensor = try take(name, axes: shape.count)
        guard tensor.shape == shape else {
            throw ModelError(.wrongShape, at: origin, "\(name) has shape \(tensor.shape), the model needs \(shape)")
        }
        return tensor
    }

    /// A tensor of one number.
    /// - Throws: `ModelError` when it is missing or holds another number of them.
    mutating func takeScalar(_ name: String) throws -> Float {
        guard let tensor = tensors.removeValue(forKey: name) else {
            throw ModelError(.missingWeight, at: origin, "there is no tensor \"\(name)\"")
        }
        guard tensor.count == 1, tensor.isFinite else {
            throw ModelError(.wrongShape, at: origin, "\(name) has shape \(tensor.shape), [] or [1] fits")
        }
        return tensor.values[0]
    }

    /// Checks the shape of images or latents.
    /// - Parameter multiple: what height and width must be multiples of.
    /// - Throws: `ModelError`.
    func require(_ tensor: Tensor, _ name: String, channels: Int, multiple: Int) throws {
        guard tensor.count > 0, tensor.shape[1] == channels, tensor.shape[2] % multiple == 0,
            tensor.shape[3] % multiple == 0
        else {
            throw ModelError(
                .wrongShape, at: origin,
                "\(name) has shape \(tensor.shape), the model needs [N, \(channels), H, W] with H and W "
                    + "multiples of \(multiple)")
        }
    }

    /// What U-Nets and ControlNets have in common: sample, timestep, encoder_hidden_states for one that attends to text,
    /// and class_labels for one that projects them.
    /// - Throws: `ModelError` when one is missing or does not fit.
    mutating func noisy(
        _ shape: UNetConfiguration
    ) throws -> (sample: Tensor, timesteps: [Float], text: Variable?, labels: Variable?) {
        let sample = try take("sample", axes: 4)
        let timesteps = try takeTimesteps(batch: sample.shape[0])
        let text = shape.attendsToText ? Variable(try take("encoder_hidden_states", axes: 3)) : nil
        if let text, text.shape[0] != sample.shape[0] || text.shape[1] == 0 || text.shape[2] != shape.crossAttentionDim
        {
            throw ModelError(
                .wrongShape, at: origin,
                "encoder_hidden_states has shape \(text.shape), the model needs "
                    + "[\(sample.shape[0]), L, \(shape.crossAttentionDim)]")
        }
        try require(sample, "sample", channels: shape.inChannels, multiple: shape.sizeMultiple)
        let width = shape.classEmbedType == nil ? nil : shape.projectionClassEmbeddingsInputDim
        let labels = try width.map { Variable(try take("class_labels", shape: [sample.shape[0], $0])) }
        return (sample, timesteps, text, labels)
    }

    /// The timestep of each image.
    /// - Throws: `ModelError` when it is missing or does not fit the batch.
    private mutating func takeTimesteps(batch: Int) throws -> [Float] {
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
