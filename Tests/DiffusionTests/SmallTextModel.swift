import Diffusion
import Layers
import TensorCore

/// `SmallModel` with attention to text, a ControlNet and a text encoder, all of random weights.
struct SmallTextModel {
    let folder: ModelFolder
    let weights: [String: Tensor]
    let others: [ModelFolder.Component: [String: Tensor]]

    /// - Parameter wide: whether the U-Net sees the condition beside the ControlNet.
    init(control: Bool = true, text: Bool = true, wide: Bool = false, seed: UInt64 = 7) throws {
        var unet = SmallModel.unet
        unet.downBlockTypes[1] = .crossAttention
        unet.midBlockType = .crossAttention
        unet.setTextWidth(8)
        unet.attentionHeadDim = 2
        if control && !wide { unet.inChannels = SmallModel.codec.residualChannels }
        var controlShape = unet
        controlShape.inChannels = SmallModel.codec.residualChannels
        let controlNet = ControlNetConfiguration(
            for: controlShape, conditioningChannels: SmallModel.codec.conditionChannels,
            conditioningEmbeddingOutChannels: [8])
        let tokenizer = CLIPTokenizer.trained(
            on: ["a red brick wall", "blue sky over a red wall"], vocabularySize: 540, length: 10)
        let encoder = CLIPTextConfiguration(
            vocabularySize: 540, width: 8, intermediate: 16, layers: 1, heads: 2, length: 10,
            end: tokenizer.endToken)

        var random = SeededRandom(seed: seed)
        // Layers that start at zero would hide what stands before them.
        func randomized(_ set: ParameterSet) -> [String: Tensor] {
            set.tensors.mapValues { tensor in
                tensor.sumOfSquares > 0 ? tensor : random.normalTensor(tensor.shape) * 0.2
            }
        }
        let unetSet = ParameterSet(seed: seed)
        _ = try UNet2DConditionModel(unet, parameters: unetSet)
        weights = randomized(unetSet)
        var others: [ModelFolder.Component: [String: Tensor]] = [:]
        if control {
            let set = ParameterSet(seed: seed + 1)
            _ = try ControlNetModel(controlNet, parameters: set)
            others[.controlNet] = randomized(set)
        }
        if text {
            let set = ParameterSet(seed: seed + 2)
            _ = try CLIPTextModel(encoder, parameters: set)
            others[.textEncoder] = randomized(set).mapValues { $0 * 3 }
        }
        self.others = others
        folder = ModelFolder(
            index: ModelIndex(name: "text", generation: "1", defaultSteps: 1), codec: SmallModel.codec,
            scheduler: DDIMConfiguration(), unet: unet, controlNet: control ? controlNet : nil,
            textEncoder: text ? encoder : nil, tokenizer: text ? tokenizer : nil)
    }

    func pipeline() throws -> InpaintingPipeline {
        try InpaintingPipeline(folder: folder, weights: weights, others: others)
    }
}
