import TensorCore

/// Crops below each other, each as four pictures: with its hole, pre-filled, filled by the network, and as it was.
public struct SampleSheet: Sendable {
    /// RGB interleaved, [height, width, 3].
    public let pixels: [UInt8]
    public let width: Int
    public let height: Int

    private static let gutter = 4
    private static let rows = 6
    /// Marks the hole; few photos have it.
    private static let holeColour: [Float] = [1, 0, 1]

    /// The first crops of a set.
    init(_ set: ValidationSet, by network: some CropFilling) {
        self.init(set.first(Self.rows), by: network)
    }

    init(_ batch: TrainingBatch, by network: some CropFilling) {
        let (image, prefill, mask, _) = batch.tensors()
        self.init((image, prefill, mask), by: network)
    }

    private init(_ crops: (images: Tensor, prefills: Tensor, masks: Tensor), by network: some CropFilling) {
        let fill = network.fill(prefill: crops.prefills, mask: crops.masks, steps: 1, seed: 0)
        let (count, side) = (crops.images.shape[0], crops.images.shape[3]), rows = crops.images.shape[2]
        let plane = rows * side, step = side + Self.gutter
        width = 4 * step - Self.gutter
        height = count * (rows + Self.gutter) - Self.gutter
        var sheet = [UInt8](repeating: 255, count: width * height * 3)
        for n in 0..<count {
            for (panel, source) in [crops.images, crops.prefills, fill, crops.images].enumerated() {
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
