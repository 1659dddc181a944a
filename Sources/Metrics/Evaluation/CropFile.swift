import Layers
import TensorCore

/// The samples of a file of fixed crops with holes, see ``CropTensors``.
public struct CropFile {
    public let samples: [ReferenceSample]

    /// - Throws: `ModelError` when the file is not of this kind.
    public init(reading path: String) throws {
        let file = try CropTensors(reading: path)
        let pictures = Self.images(of: file.images)
        let plane = file.masks.count / file.count
        samples = try (0..<file.count).map { i in
            let mask = UnsafeBufferPointer(start: file.masks.pointer + i * plane, count: plane).map {
                $0 >= 0.5 ? UInt8(255) : 0
            }
            guard mask.contains(255) else { throw CropTensors.error(.wrongShape, at: path, "crop \(i) has no hole") }
            return ReferenceSample(
                photo: file.photos[i], truth: pictures[i], mask: mask,
                content: file.contents.flatMap { ContentClass(rawValue: $0[i]) })
        }
    }

    /// The pictures of a batch [N, 3, H, W], clamped to 0...1.
    public static func images(of batch: Tensor) -> [MetricImage] {
        precondition(batch.shape.count == 4 && batch.shape[1] == 3, "Metrics: \(batch.shape) is no batch of pictures")
        let size = batch.count / batch.shape[0]
        return (0..<batch.shape[0]).map { i in
            MetricImage(
                width: batch.shape[3], height: batch.shape[2],
                values: UnsafeBufferPointer(start: batch.pointer + i * size, count: size).map { min(max($0, 0), 1) })
        }
    }
}
