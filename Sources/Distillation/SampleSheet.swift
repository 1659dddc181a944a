import TensorCore

/// Crops below each other, each as a row of pictures: with its hole, pre-filled, filled by the network, and as it was;
/// after them, for a network that reads text, the same hole filled as each of a few prompts asks.
public struct SampleSheet: Sendable {
    /// RGB interleaved, [height, width, 3].
    public let pixels: [UInt8]
    public let width: Int
    public let height: Int

    private static let gutter = 4
    private static let rows = 6
    /// Marks the hole; few photos have it.
    private static let holeColour: [Float] = [1, 0, 1]
    /// What the holes are asked to show, and how strictly.
    private static let prompts = ["a brick wall", "grass", "water", "wood", "the sky"]
    private static let guidance: Float = 3, promptedSteps = 4

    /// Some crops of a set.
    init(_ set: ValidationSet, by network: InpaintingNetwork) {
        self.init(set.some(Self.rows), by: network)
    }

    init(_ batch: TrainingBatch, by network: InpaintingNetwork) {
        let (image, prefill, mask, _) = batch.tensors()
        self.init((image, prefill, mask), by: network)
    }

    private init(_ crops: (images: Tensor, prefills: Tensor, masks: Tensor), by network: InpaintingNetwork) {
        let count = crops.images.shape[0]
        func fill(_ prompt: String?) -> Tensor {
            network.fill(
                prefill: crops.prefills, mask: crops.masks, steps: prompt == nil ? 1 : Self.promptedSteps, seed: 0,
                captions: prompt.map { Array(repeating: $0, count: count) }, guidance: Self.guidance)
        }
        let prompts = network.textEncoder == nil ? [] : Self.prompts
        let panels = [crops.images, crops.prefills, fill(nil), crops.images] + prompts.map(fill)
        let rows = crops.images.shape[2], side = crops.images.shape[3]
        let plane = rows * side, step = side + Self.gutter
        width = panels.count * step - Self.gutter
        height = count * (rows + Self.gutter) - Self.gutter
        var sheet = [UInt8](repeating: 255, count: width * height * 3)
        for n in 0..<count {
            for (panel, source) in panels.enumerated() {
                for i in 0..<plane {
                    let isHidden = panel == 0 && crops.masks.pointer[n * plane + i] >= 0.5
                    let to = ((n * (rows + Self.gutter) + i / side) * width + panel * step + i % side) * 3
                    for channel in 0..<3 {
                        let value =
                            isHidden ? Self.holeColour[channel] : source.pointer[(n * 3 + channel) * plane + i]
                        sheet[to + channel] = UInt8((min(max(value, 0), 1) * 255).rounded())
                    }
                }
            }
        }
        pixels = sheet
    }
}
