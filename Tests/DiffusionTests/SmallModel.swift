import Autograd
import Diffusion
import Layers
import TensorCore

/// A pipeline of two narrow levels over pixels folded 4x4.
enum SmallModel {
    static let codec = CodecConfiguration(residualScale: 0.5)

    static let unet: UNetConfiguration = {
        var c = UNetConfiguration.student(codec: codec)
        c.blockOutChannels = [8, 16]
        c.downBlockTypes = [.plain, .attention]
        c.upBlockTypes = [.attention, .plain]
        c.attentionHeadDim = 8
        c.normNumGroups = 4
        return c
    }()

    static var folder: ModelFolder {
        ModelFolder(
            index: ModelIndex(name: "small", generation: "1", defaultSteps: 2, provenance: ["command": "a test"]),
            codec: codec, scheduler: DDIMConfiguration(), unet: unet)
    }

    /// Weights as they start, so that the network answers with zeros.
    static func untrained(_ configuration: UNetConfiguration = unet) throws -> [String: Tensor] {
        let set = ParameterSet(seed: 4)
        _ = try UNet2DConditionModel(configuration, parameters: set)
        return set.tensors
    }

    /// Weights whose last layer is random too.
    static func trained() throws -> [String: Tensor] {
        var weights = try untrained(), random = SeededRandom(seed: 5)
        for name in ["conv_out.weight", "conv_out.bias"] {
            weights[name] = weights[name].map { random.normalTensor($0.shape) * 0.2 }
        }
        return weights
    }

    /// A pre-fill and a mask of one crop, and their size; the hole covers an odd rectangle.
    static let width = 24, height = 16
    static let prefill: [Float] = {
        var random = SeededRandom(seed: 6)
        return (0..<3 * width * height).map { _ in random.uniform() }
    }()
    static let mask: [UInt8] = (0..<width * height).map { i in
        (3..<11).contains(i / width) && (5..<18).contains(i % width) ? 255 : 0
    }
}
