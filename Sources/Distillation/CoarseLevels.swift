import Diffusion
import Layers

extension InpaintingNetwork {
    /// Gives the blocks of the `levels` coarsest resolutions of the U-Net, and its middle, new random weights; all others
    /// keep theirs. For networks whose coarse levels say nothing, see
    /// `CoarseSupervision`.
    /// - Throws: `ModelError` when the U-Net has no finer level left to keep.
    package func renewCoarsestLevels(_ levels: Int, seed: UInt64) throws {
        let count = shape.unet.blockOutChannels.count
        guard levels < count else {
            throw ModelError(
                .badConfiguration, at: "network",
                "it has \(count) levels, of which at most \(count - 1) can be renewed")
        }
        let renewed =
            ["mid_block."] + (0..<levels).flatMap { ["up_blocks.\($0).", "down_blocks.\(count - 1 - $0)."] }
        let fresh = try InpaintingNetwork(shape, seed: seed).unet.parameters.tensors
        for (name, variable) in unet.parameters.all where renewed.contains(where: name.hasPrefix) {
            guard let value = fresh[name] else { continue }
            variable.value.copyInPlace(from: value)
        }
    }
}
