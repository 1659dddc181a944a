import Diffusion
import Foundation
import Layers
import TensorCore

/// A model folder with random weights, small enough to be made in a test.
enum TinyModel {
    static func write(to directory: String) throws {
        let codec = CodecConfiguration()
        var shape = UNetConfiguration.student(codec: codec)
        shape.blockOutChannels = [16, 32]
        shape.downBlockTypes = [.plain, .attention]
        shape.upBlockTypes = [.attention, .plain]
        let unet = try UNet2DConditionModel(shape, parameters: ParameterSet(seed: 7))
        var weights = unet.parameters.tensors
        // The last layer starts at zero; here it has to change what it fills.
        var random = SeededRandom(seed: 8)
        if let last = weights["conv_out.weight"] { weights["conv_out.weight"] = random.normalTensor(last.shape) * 0.02 }
        let index = ModelIndex(name: "tiny", generation: "test", defaultSteps: 2)
        try ModelFolder(index: index, codec: codec, scheduler: DDIMConfiguration(), unet: shape)
            .write(to: directory, weights: weights, as: .float16)
    }
}
