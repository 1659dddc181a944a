import Diffusion
import Foundation
import Inpainting
import Layers
import Metrics
import TensorCore

/// Fixed crops of real photos with their masks, for choosing among weights; never for training.
///
/// The file is a safetensors with `images` [N, 3, S, S] in 0...1 and `masks` [N, 1, S, S], as
/// Tests/Peers/make_crops.py writes it.
public struct ValidationSet {
    /// What to call it: the file's name, without its ending.
    public let name: String
    public let images: Tensor, prefills: Tensor, masks: Tensor
    /// The photo that each crop was cut from; several crops of one photo are alike.
    public let photos: [String]
    /// What each crop is said to show; nil for photos, of which nobody says it.
    let captions: [String]?

    /// Mean over crops and pooled over all hole pixels, in dB; inside the hole only.
    public struct Score: Codable, Sendable {
        public var mean: Double
        public var pooled: Double
    }

    /// - Parameters:
    ///   - path: a safetensors file, as Tests/Peers/make_crops.py writes it.
    ///   - limit: how many crops to take, evenly spread over the file; nil for all.
    /// - Throws: `ModelError` when the file is not such a set.
    public init(reading path: String, limit: Int? = nil) throws {
        let file = try CropTensors(reading: path)
        let total = file.count, count = min(limit ?? total, total)
        let chosen = (0..<count).map { $0 * total / count }
        images = Self.gather(file.images, chosen)
        masks = Self.gather(file.masks, chosen)
        prefills = Self.prefilled(images, masks)
        photos = chosen.map { file.photos[$0] }
        name = ((path as NSString).lastPathComponent as NSString).deletingPathExtension
        captions = nil
    }

    /// Crops of procedural scenes of a seed, which no run of another seed is trained on.
    /// - Parameters:
    ///   - seed: of the scenes.
    ///   - count: how many crops.
    ///   - size: side of a crop, in pixels.
    ///   - othersShare: share of holes that show what only their captions tell, see `TextTraining`.
    public init(scenesOf seed: UInt64, count: Int, size: Int, othersShare: Float = 0) {
        var configuration = TrainingConfiguration()
        configuration.text = TextTraining()
        configuration.text?.insertedShare = othersShare
        (configuration.seed, configuration.scenes, configuration.thinShare) = (seed, count, 0)
        let batch = CropSampler(configuration).batch(step: 0, count: count, size: size)
        (images, prefills, masks, _) = batch.tensors()
        captions = batch.captions.map(\.text)
        photos = (0..<count).map { "scene \($0)" }
        name = othersShare > 0 ? "other-materials-\(size)" : "scenes-\(size)"
    }

    /// Crops that are in memory, `images` [N, 3, S, S] and `masks` [N, 1, S, S], each with its photo.
    init(name: String, images: Tensor, masks: Tensor, photos: [String]) {
        self.name = name
        self.images = images
        self.masks = masks
        self.photos = photos
        prefills = Self.prefilled(images, masks)
        captions = nil
    }

    private static func gather(_ tensor: Tensor, _ rows: [Int]) -> Tensor {
        let slice = tensor.count / tensor.shape[0]
        let result = Tensor(uninitialized: [rows.count] + tensor.shape.dropFirst())
        for (i, row) in rows.enumerated() {
            (result.pointer + i * slice).update(from: tensor.pointer + row * slice, count: slice)
        }
        return result
    }

    private static func prefilled(_ images: Tensor, _ masks: Tensor) -> Tensor {
        let result = images.copy(), (height, width) = (images.shape[2], images.shape[3]), plane = height * width
        for i in 0..<images.shape[0] {
            let hole = (0..<plane).map { masks.pointer[i * plane + $0] >= 0.5 ? UInt8(255) : 0 }
            hole.withUnsafeBufferPointer { mask in
                _ = BiharmonicFill.fill(
                    UnsafeMutableBufferPointer(start: result.pointer + i * 3 * plane, count: 3 * plane), channels: 3,
                    width: width, height: height, mask: mask)
            }
        }
        return result
    }

    public var count: Int { images.shape[0] }

    /// The crops as an evaluator takes them.
    public var samples: [ReferenceSample] {
        let plane = masks.count / count
        return zip(CropFile.images(of: images), photos).enumerated().map { i, sample in
            let mask = UnsafeBufferPointer(start: masks.pointer + i * plane, count: plane).map {
                $0 >= 0.5 ? UInt8(255) : 0
            }
            return ReferenceSample(photo: sample.1, truth: sample.0, mask: mask)
        }
    }

    /// Crops evenly spread over the set, at most `limit`.
    func some(_ limit: Int) -> (images: Tensor, prefills: Tensor, masks: Tensor) {
        let chosen = min(limit, count), rows = (0..<chosen).map { (2 * $0 + 1) * count / (2 * chosen) }
        return (Self.gather(images, rows), Self.gather(prefills, rows), Self.gather(masks, rows))
    }

    /// Every crop filled by the model, [N, 3, S, S], clamped to 0...1; `progress` is told the crops done.
    public func fills(
        by filler: some CropFilling, steps: Int, seed: UInt64, progress: (Int) -> Void = { _ in }
    ) -> Tensor {
        fills(seed: seed, progress: progress) { prefill, mask, _, seed in
            filler.fill(prefill: prefill, mask: mask, steps: steps, seed: seed)
        }
    }

    /// The same where the network is told what each crop shows.
    func captionedFills(by network: InpaintingNetwork, steps: Int, seed: UInt64) -> Tensor {
        fills(seed: seed, progress: { _ in }) { prefill, mask, rows, seed in
            network.fill(
                prefill: prefill, mask: mask, steps: steps, seed: seed,
                captions: captions.map { captions in rows.map { captions[$0] } })
        }
    }

    private func fills(
        seed: UInt64, progress: (Int) -> Void,
        fill: (_ prefill: Tensor, _ mask: Tensor, _ rows: [Int], _ seed: UInt64) -> Tensor
    ) -> Tensor {
        let result = Tensor(uninitialized: images.shape), slice = images.count / count
        let batch = max(1, 8 * 128 * 128 / (images.shape[2] * images.shape[3]))
        var first = 0
        while first < count {
            let rows = Array(first..<min(first + batch, count))
            let filled = fill(Self.gather(prefills, rows), Self.gather(masks, rows), rows, seed &+ UInt64(first))
            for j in 0..<filled.count { result.pointer[first * slice + j] = min(max(filled.pointer[j], 0), 1) }
            first += rows.count
            progress(first)
        }
        return result
    }

    /// `fills` [N, 3, S, S] with the detail of each crop's surroundings in its thick holes, as refined gives it to photos.
    public func withDetail(_ fills: Tensor) -> Tensor {
        let result = fills.copy(), (height, width) = (images.shape[2], images.shape[3]), plane = height * width
        guard height % 4 == 0, width % 4 == 0 else { return result }
        for i in 0..<count {
            var planes = Array(UnsafeBufferPointer(start: fills.pointer + i * 3 * plane, count: 3 * plane))
            let hole = (0..<plane).map { masks.pointer[i * plane + $0] >= 0.5 ? UInt8(255) : 0 }
            DetailTransfer.apply(to: &planes, mask: hole, width: width, height: height, scale: 1)
            for (j, value) in planes.enumerated() { result.pointer[i * 3 * plane + j] = value }
        }
        return result
    }

    /// The score of `fills` [N, 3, S, S] against the true images, rounded to 8 bits as they would be saved.
    public func score(_ fills: Tensor) -> Score {
        let plane = images.shape[2] * images.shape[3]
        func row(_ tensor: Tensor, _ i: Int, _ count: Int) -> [Float] {
            Array(UnsafeBufferPointer(start: tensor.pointer + i * count, count: count))
        }
        let errors = (0..<count).map { i in
            HoleError(
                fill: rounded8Bit(row(fills, i, 3 * plane)), truth: row(images, i, 3 * plane),
                mask: row(masks, i, plane).map { $0 >= 0.5 ? 255 : 0 })
        }
        let summary = HoleError.summary(errors) ?? (mean: 0, pooled: 0)
        return Score(mean: summary.mean, pooled: summary.pooled)
    }
}
