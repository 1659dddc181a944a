import Foundation
import Layers
import Metrics
import TensorCore

/// Fills of a comparison's crops by programs that are not part of this project, such as OpenCV's.
///
/// The comparison writes its crops as `crops/SET.safetensors` (`images` and `masks`, as Tests/Peers/make_crops.py does);
/// whatever lies in `fills/NAME/SET.safetensors` (`fills`, as `evaluate --fills` takes them) becomes a row of its own.
/// Tests/Peers/classical_fills.py fills them by OpenCV and scikit-image.
struct ExternalFills {
    /// In the order of the alphabet.
    let names: [String]
    private let folder: String

    /// Writes the crops of `sets`, and finds who filled them.
    /// - Throws: `ModelError` when the crops cannot be written.
    init(folder: String, sets: [ValidationSet]) throws {
        self.folder = folder
        do {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/crops", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw ModelError(.cannotWrite, at: "\(folder)/crops", "the folder cannot be made")
        }
        for set in sets {
            try Safetensors.write(
                ["images": set.images, "masks": set.masks], to: "\(folder)/crops/\(set.name).safetensors")
        }
        let found = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/fills")) ?? []
        names = found.filter { !$0.hasPrefix(".") }.sorted()
    }

    /// The fills of one set by one of `names`; nil where it did not fill this set.
    /// - Throws: `ModelError` when the file does not fit the set.
    func fills(_ name: String, of set: ValidationSet) throws -> Tensor? {
        let path = "\(folder)/fills/\(name)/\(set.name).safetensors"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let tensor = try Safetensors.read(path).tensors["fills"], tensor.shape == set.images.shape else {
            throw ModelError(
                .wrongShape, at: path, "\"fills\" must be \(set.images.shape), as the crops beside it; fill them anew")
        }
        return tensor
    }
}
