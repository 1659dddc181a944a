import Autograd
import Diffusion
import Foundation
import Layers
import TensorCore

/// Tells which material of the procedural generator fills a hole. It measures text control and takes no part in
/// distillation.
///
/// A small convolutional network over RGB and mask; its features are averaged over the hole alone, so what surrounds the
/// hole counts only as far as the receptive field reaches.
public final class MaterialClassifier {
    /// The materials, in the order of the classes.
    public static var materials: [String] { MaterialClasses.words }
    /// Pictures are cut or scaled to this side.
    public static let side = MaterialScenes.side

    private static let widths = [32, 64, 96, 128]
    let parameters: ParameterSet
    private let layers: [(convolution: Convolution2D, norm: GroupNormalization)]
    private let head: Linear
    /// Minus the mean and one over the deviation of the pooled features, as they were before training.
    private let shift: Tensor, scale: Tensor

    init(_ parameters: ParameterSet) throws {
        let root = parameters.root
        self.parameters = parameters
        var layers: [(Convolution2D, GroupNormalization)] = []
        var input = 4
        // Two convolutions a width; the first three widths halve the picture.
        for (level, width) in Self.widths.enumerated() {
            for part in 0..<2 {
                let scope = root.scope("levels", level).scope("layers", part)
                layers.append(
                    (
                        try Convolution2D(
                            scope.scope("conv"), input, width, kernel: 3, stride: part == 0 && level < 3 ? 2 : 1,
                            padding: 1),
                        try GroupNormalization(scope.scope("norm"), width, groups: 8, epsilon: 1e-5, silu: true)
                    ))
                input = width
            }
        }
        self.layers = layers
        shift = try root.scope("pool").parameter("shift", [input], .zeros).value
        scale = try root.scope("pool").parameter("scale", [input], .ones).value
        head = try Linear(root.scope("head"), input, MaterialClasses.substances.count)
    }

    /// The weights that came with the package: below the programs' prefix where they are installed, beside the programs
    /// where they were built. Nil where neither is there.
    public static func defaultPath(executable: String = ModelLocation.executablePath()) -> String? {
        let name = "material-classifier.safetensors"
        let folder = (executable as NSString).deletingLastPathComponent
        let prefix = (folder as NSString).deletingLastPathComponent
        return [
            "\(prefix)/share/refine-control/\(name)", "\(folder)/refine-control_Distillation.resources/\(name)",
        ].first { FileManager.default.fileExists(atPath: $0) }
    }

    /// Weights from a file of `refine-distill classify-train`.
    /// - Throws: `ModelError` when they are of another network or for other materials.
    public convenience init(reading path: String) throws {
        let (tensors, metadata) = try Safetensors.read(path)
        guard metadata["materials"] == Self.materials.joined(separator: ",") else {
            throw ModelError(.unsupportedModel, at: path, "the classifier was trained for other materials")
        }
        try self.init(ParameterSet(loaded: tensors, origin: path, requiresGradient: false))
        try parameters.requireAllUsed()
    }

    /// - Throws: `ModelError` with code `cannotWrite`.
    func write(to path: String, provenance: [String: String]) throws {
        let metadata = provenance.merging(["materials": Self.materials.joined(separator: ",")]) { $1 }
        try Safetensors.write(parameters.tensors, to: path, as: .float16, metadata: metadata)
    }

    /// Brings the pooled features of new weights to mean 0 and deviation 1. Averages over a hole differ little between
    /// pictures: left as they are, the head would need a thousand steps to grow large enough to see the difference.
    func calibrate(_ images: Tensor, holes: Tensor) {
        let features = pooled(images, holes: holes).value, (count, width) = (features.shape[0], features.shape[1])
        for channel in 0..<width {
            let values = (0..<count).map { Double(features.pointer[$0 * width + channel]) }
            let mean = values.reduce(0, +) / Double(count)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
            shift.pointer[channel] = Float(-mean)
            scale.pointer[channel] = Float(1 / max(variance.squareRoot(), 1e-3))
        }
    }

    /// Logits [N, classes] of RGB [N, 3, side, side] in 0...1 with holes [N, 1, side, side], 1 = hole.
    func logits(_ images: Tensor, holes: Tensor) -> Variable {
        let features = pooled(images, holes: holes).addingAlongChannels(Variable(shift))
        let factors = (0..<features.shape[0]).flatMap { _ in scale.values }
        return head(features * Variable(Tensor(factors, shape: features.shape)))
    }

    /// The last features averaged over the hole, [N, channels].
    private func pooled(_ images: Tensor, holes: Tensor) -> Variable {
        let (batch, side) = (images.shape[0], images.shape[2])
        var x = Variable(Tensor.concatenated([images * 4 - Tensor(repeating: 2, shape: images.shape), holes]))
        for layer in layers { x = layer.norm(layer.convolution(x)) }
        let cells = x.shape[2] * x.shape[3]
        let pool = Self.poolingWeights(holes, batch: batch, side: side, cellSide: side / x.shape[3])
        let average = x.reshaped([batch, x.shape[1], cells]).matrixProduct(Variable(pool))
        return average.reshaped([batch, x.shape[1]])
    }

    /// The share of each cell in the hole, [N, cells, 1], summing to one.
    private static func poolingWeights(_ holes: Tensor, batch: Int, side: Int, cellSide: Int) -> Tensor {
        let columns = side / cellSide, cells = columns * columns
        let result = Tensor(repeating: 0, shape: [batch, cells, 1])
        for n in 0..<batch {
            var total: Float = 0
            for y in 0..<side {
                for x in 0..<side {
                    let value = holes.pointer[(n * side + y) * side + x]
                    result.pointer[n * cells + y / cellSide * columns + x / cellSide] += value
                    total += value
                }
            }
            precondition(total > 0, "Distillation: a picture without hole")
            for i in (n * cells)..<((n + 1) * cells) { result.pointer[i] /= total }
        }
        return result
    }

    /// The most likely material of the hole of each picture, as an index of ``materials``.
    ///
    /// - Parameters:
    ///   - images: [N, 3, side, side], 0...1.
    ///   - holes: [N, 1, side, side], 1 = hole; none of them empty.
    public func classify(_ images: Tensor, holes: Tensor) -> [Int] {
        precondition(
            images.shape.count == 4 && images.shape[1...] == [3, Self.side, Self.side]
                && holes.shape == [images.shape[0], 1, Self.side, Self.side],
            "Distillation: pictures of \(images.shape) with holes \(holes.shape)")
        let logits = logits(images, holes: holes).value, classes = logits.shape[1]
        return (0..<images.shape[0]).map { n in
            (0..<classes).max { logits.pointer[n * classes + $0] < logits.pointer[n * classes + $1] } ?? 0
        }
    }
}
