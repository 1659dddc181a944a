import Diffusion
import Inpainting
import Layers
import Metrics
import TensorCore

/// Compares models on photos and on generic pictures, with holes, places and noise that are the same every time.
///
/// The unit is the photo: its figure is the mean over its crops of the hole's PSNR at one step.
public struct PersonalJudge {
    /// Crops of each photo. They lie in one photo, so more of them make its figure steadier, not the evidence larger.
    public static let cropsPerPhoto = 8
    public static let cropSize = 128

    /// Pictures of the canary: procedural scenes of a seed that no run draws from.
    public static let canaryPictures = 24
    private static let canarySeed: UInt64 = 0x0CA4_A47

    private let seed: UInt64
    private let cropSize: Int
    private let pictures: Int
    private let holes: HoleOptions
    /// The canary's pictures; each is drawn once, when it is needed.
    private let scenes: CropSampler

    /// - Parameters:
    ///   - seed: of holes, places and noise.
    ///   - cropSize: pixels.
    ///   - pictures: of the canary.
    public init(seed: UInt64, cropSize: Int = cropSize, pictures: Int = canaryPictures) {
        self.seed = seed
        self.cropSize = cropSize
        self.pictures = pictures
        var options = TrainingConfiguration()
        // Holes as users make them.
        options.thinShare = 0
        holes = HoleOptions(options)
        (options.seed, options.scenes) = (Self.canarySeed, pictures)
        scenes = CropSampler(options)
    }

    /// - Parameters:
    ///   - photo: one that neither has learnt from.
    ///   - key: the photo's own: with the same one its crops and holes are the same.
    ///   - old: what is in use.
    ///   - new: what may take its place.
    /// - Returns: dB, `new` minus `old`; nil for a photo that is too small.
    public func gain(
        _ photo: TrainingPhoto, key: UInt64, from old: some CropFilling, to new: some CropFilling
    ) -> Double? {
        guard photo.hasRoom(for: cropSize) else { return nil }
        var random = SeededRandom(seed: seed, stream: key)
        var builder = BatchBuilder(size: cropSize, holes: holes)
        for _ in 0..<Self.cropsPerPhoto {
            builder.append(photo.crop(size: cropSize, as: .photo, &random), &random)
        }
        return Self.mean(differences(builder.finished, from: old, to: new))
    }

    /// - Returns: dB for each generic picture, `new` minus `old`.
    public func canary(from old: some CropFilling, to new: some CropFilling) -> [Double] {
        // One after the other: what is filled at once counts as crops of one photo.
        (0..<pictures).flatMap { differences(scenes.heldOut($0, count: 1, size: cropSize), from: old, to: new) }
    }

    /// By crop.
    private func differences(
        _ batch: TrainingBatch, from old: some CropFilling, to new: some CropFilling
    ) -> [Double] {
        let (_, prefill, mask, _) = batch.tensors()
        func scores(_ filler: some CropFilling) -> [Double] {
            let fill = filler.fill(prefill: prefill, mask: mask, steps: 1, seed: seed).values
            let plane = batch.size * batch.size
            return (0..<batch.count).map { i in
                HoleError(
                    fill: rounded8Bit(Array(fill[(3 * plane * i)..<(3 * plane * (i + 1))])),
                    truth: Array(batch.images[(3 * plane * i)..<(3 * plane * (i + 1))]),
                    mask: batch.masks[(plane * i)..<(plane * (i + 1))].map { $0 >= 0.5 ? 255 : 0 }
                ).psnr
            }
        }
        return zip(scores(new), scores(old)).map { $0 - $1 }
    }

    private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}
