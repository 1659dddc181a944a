import Inpainting
import TensorCore

/// Fills without a network, by their names in a table.
enum ClassicalFill: String, CaseIterable {
    /// See `HarmonicFill`.
    case harmonic = "harmonic fill"
    /// scikit-image's, by our solver.
    case biharmonic = "biharmonic fill"
    /// What the networks start from.
    case plate = "plate in tension (pre-fill)"

    /// Every crop of a set filled, [N, 3, H, W].
    func fills(_ set: ValidationSet) -> Tensor {
        guard self != .plate else { return set.prefills }
        let result = set.images.copy(), (height, width) = (set.images.shape[2], set.images.shape[3])
        let plane = height * width
        for n in 0..<set.count {
            let image = Array(UnsafeBufferPointer(start: set.images.pointer + n * 3 * plane, count: 3 * plane))
            let mask = Array(UnsafeBufferPointer(start: set.masks.pointer + n * plane, count: plane))
            let filled =
                self == .harmonic
                ? HarmonicFill.fill(image, mask: mask, width: width, height: height)
                : BiharmonicFill.fill(
                    image, channels: 3, width: width, height: height, mask: mask.map { $0 >= 0.5 ? 255 : 0 }, tension: 0
                )
            (result.pointer + n * 3 * plane).update(from: filled, count: 3 * plane)
        }
        return result
    }
}
