import Foundation
import Layers
import TensorCore

/// What a file of fixed crops with holes holds, as Tests/Peers/make_crops.py writes it: safetensors with `images`
/// [N, 3, H, W] in 0...1 and `masks` [N, 1, H, W], 1 = hole; optionally `photo` [N] and `content` [N], indices into the
/// JSON lists of the same names in the metadata (`photos`, `contents`).
public struct CropTensors {
    public let images: Tensor
    public let masks: Tensor
    /// The photo that each crop was cut from; without `photo` every crop is one of its own.
    public let photos: [String]
    /// What each crop shows; nil where the file does not say.
    let contents: [String]?

    public var count: Int { images.shape[0] }

    /// - Throws: `ModelError` when the file is not of this kind.
    public init(reading path: String) throws {
        let tensors: [String: Tensor], metadata: [String: String]
        do {
            (tensors, metadata) = try Safetensors.read(path)
        } catch let error as ModelError {
            throw Self.error(error.code, at: error.place, error.problem)
        }
        guard let images = tensors["images"], let masks = tensors["masks"], images.shape.count == 4,
            images.shape[1] == 3, images.count > 0,
            min(images.shape[2], images.shape[3]) >= ReferenceSample.smallestSide,
            masks.shape == [images.shape[0], 1] + images.shape.suffix(2)
        else {
            throw Self.error(
                .wrongShape, at: path,
                "crops need \"images\" [N, 3, H, W] and \"masks\" [N, 1, H, W], sides of 16 and more")
        }
        self.images = images
        self.masks = masks
        let count = images.shape[0]
        func labels(_ key: String) throws -> [String]? {
            guard let indices = tensors[key] else { return nil }
            let names = key + "s"
            let list = metadata[names].flatMap { try? JSONDecoder().decode([String].self, from: Data($0.utf8)) } ?? []
            guard indices.shape == [count], indices.values.allSatisfy({ $0 >= 0 && Int($0) < list.count }) else {
                throw Self.error(
                    .damagedFile, at: path, "tensor \"\(key)\" does not fit the list \"\(names)\" of the metadata")
            }
            return indices.values.map { list[Int($0)] }
        }
        photos = try labels("photo") ?? (0..<count).map { "crop \($0)" }
        contents = try labels("content")
    }

    /// An error whose remedy is not that of models.
    static func error(_ code: ModelError.Code, at path: String, _ problem: String) -> ModelError {
        ModelError(code, at: path, problem, remedy: "write crops with Tests/Peers/make_crops.py, or name another file")
    }
}
