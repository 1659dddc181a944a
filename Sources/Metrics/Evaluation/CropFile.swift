import Foundation
import Layers
import TensorCore

/// A file of fixed crops with holes, as Tests/Peers/make_crops.py writes it: safetensors with `images` [N, 3, H, W] in
/// 0...1 and `masks` [N, 1, H, W], 1 = hole; optionally `photo` [N] and `content` [N], indices into the JSON lists of the
/// same names in the metadata (`photos`, `contents`). Without them every crop counts as a photo of its own.
public struct CropFile {
    public let samples: [ReferenceSample]

    /// - Throws: `ModelError` when the file is not of this kind.
    public init(reading path: String) throws {
        let (tensors, metadata) = try Safetensors.read(path)
        guard let images = tensors["images"], let masks = tensors["masks"], images.shape.count == 4,
            images.shape[1] == 3, images.count > 0,
            min(images.shape[2], images.shape[3]) >= ReferenceSample.smallestSide,
            masks.shape == [images.shape[0], 1] + images.shape.suffix(2)
        else {
            throw ModelError(
                .wrongShape, at: path,
                "crops need \"images\" [N, 3, H, W] and \"masks\" [N, 1, H, W], sides of 16 and more")
        }
        let count = images.shape[0]
        let photos = try Self.photos(of: tensors, metadata, count: count, path)
        let contents = try Self.labels("content", names: "contents", count: count, tensors, metadata, path)
        let pictures = Self.images(of: images)
        let plane = masks.count / count
        samples = try (0..<count).map { i in
            let mask = UnsafeBufferPointer(start: masks.pointer + i * plane, count: plane).map {
                $0 >= 0.5 ? UInt8(255) : 0
            }
            guard mask.contains(255) else {
                throw ModelError(.wrongShape, at: path, "crop \(i) has no hole")
            }
            return ReferenceSample(
                photo: photos?[i] ?? "crop \(i)", truth: pictures[i], mask: mask,
                content: contents.flatMap { ContentClass(rawValue: $0[i]) })
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

    /// The photo of each crop, or nil where the file does not say.
    /// - Throws: `ModelError` when what it says does not fit.
    public static func photos(
        of tensors: [String: Tensor], _ metadata: [String: String], count: Int, _ path: String
    ) throws -> [String]? {
        try labels("photo", names: "photos", count: count, tensors, metadata, path)
    }

    private static func labels(
        _ key: String, names: String, count: Int, _ tensors: [String: Tensor], _ metadata: [String: String],
        _ path: String
    ) throws -> [String]? {
        guard let indices = tensors[key] else { return nil }
        let list = metadata[names].flatMap { try? JSONDecoder().decode([String].self, from: Data($0.utf8)) } ?? []
        guard indices.shape == [count],
            indices.values.allSatisfy({ $0 >= 0 && Int($0) < list.count })
        else {
            throw ModelError(
                .damagedFile, at: path, "tensor \"\(key)\" does not fit the list \"\(names)\" of the metadata")
        }
        return indices.values.map { list[Int($0)] }
    }
}
