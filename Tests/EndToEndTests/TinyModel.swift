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

    /// One that reads text: of the words "a red brick wall" and "green grass".
    static func writeReadingText(to directory: String) throws {
        let codec = CodecConfiguration(), length = 10, width = 16, vocabulary = 540
        var shape = UNetConfiguration.student(codec: codec)
        shape.blockOutChannels = [16, 32]
        shape.downBlockTypes = [.plain, .attention]
        shape.upBlockTypes = [.attention, .crossAttention]
        shape.attentionHeadDim = [1, 32]
        shape.crossAttentionDim = width
        let encoder = CLIPTextConfiguration(
            vocabularySize: vocabulary, width: width, intermediate: 32, layers: 1, heads: 2, length: length)
        let unet = try UNet2DConditionModel(shape, parameters: ParameterSet(seed: 7))
        let text = try CLIPTextModel(encoder, parameters: ParameterSet(seed: 9))
        var random = SeededRandom(seed: 8)
        // Layers that start at zero would hide what stands before them.
        let weights = unet.parameters.tensors.sorted { $0.key < $1.key }.map { name, tensor in
            (name, tensor.sumOfSquares > 0 ? tensor : random.normalTensor(tensor.shape) * 0.1)
        }
        let index = ModelIndex(name: "tiny-text", generation: "test", defaultSteps: 1)
        let tokenizer = CLIPTokenizer.trained(
            on: ["a red brick wall", "green grass"], vocabularySize: vocabulary, length: length)
        try ModelFolder(
            index: index, codec: codec, scheduler: DDIMConfiguration(), unet: shape, textEncoder: encoder,
            tokenizer: tokenizer
        ).write(
            to: directory, weights: Dictionary(uniqueKeysWithValues: weights),
            others: [.textEncoder: text.parameters.tensors], as: .float16)
    }
}
