import Autograd
import Diffusion
import Foundation
import Layers
import TensorCore

/// Tells which material of the procedural generator a place of a picture shows. It measures text control and takes no
/// part in distillation.
///
/// A small convolutional network that names every cell of 8x8 pixels by itself: a scene teaches it hundreds of labels at
/// once, and a hole of any shape is judged by the cells that lie in it. It has no norms, since a norm over a picture
/// takes away just what tells an even material from another.
public final class MaterialClassifier {
    /// The materials, in the order of the classes.
    public static let materials = SceneContent.materials
    /// Side of a cell in pixels.
    static let cell = 8

    /// Channels of the convolutions, and whether they halve the picture.
    private static let layout: [(channels: Int, stride: Int)] = [
        (24, 2), (32, 1), (48, 2), (64, 1), (96, 2), (128, 1), (128, 1),
    ]
    let parameters: ParameterSet
    private let layers: [Convolution2D]
    private let head: Convolution2D

    init(_ parameters: ParameterSet) throws {
        let root = parameters.root
        self.parameters = parameters
        var input = 3
        layers = try Self.layout.enumerated().map { i, layer in
            defer { input = layer.channels }
            return try Convolution2D(
                root.scope("layers", i), input, layer.channels, kernel: 3, stride: layer.stride, padding: 1)
        }
        head = try Convolution2D(root.scope("head"), input, Self.materials.count, kernel: 1)
    }

    /// A network that has learnt nothing. Without norms its layers must keep the size of what goes through them, which the
    /// default start of convolutions does not (He et al. 2015).
    public convenience init(seed: UInt64) throws {
        try self.init(ParameterSet(seed: seed))
        for (name, variable) in parameters.all where name.hasPrefix("layers.") {
            let weight = variable.value
            guard name.hasSuffix("weight") else {
                weight.copyInPlace(from: Tensor(repeating: 0, shape: weight.shape))
                continue
            }
            // From ±√(1/n) to a variance of 2/n, and a little more for SiLU, which halves small values as well.
            weight.copyInPlace(from: weight * 2.7)
        }
    }

    /// Weights from a file of `refine-distill train-classifier`.
    /// - Throws: `ModelError` when they are of another network or for other materials.
    public convenience init(reading path: String) throws {
        let (tensors, metadata) = try Safetensors.read(path)
        guard metadata["materials"] == Self.materials.map(\.name).joined(separator: ",") else {
            throw ModelError(
                .unsupportedModel, at: path, "this is no classifier of the materials that there are now")
        }
        try self.init(ParameterSet(loaded: tensors, origin: path, requiresGradient: false))
        try parameters.requireAllUsed()
    }

    /// - Throws: `ModelError` with code `cannotWrite`.
    func write(to path: String, provenance: [String: String]) throws {
        let materials = Self.materials.map(\.name).joined(separator: ",")
        try Safetensors.write(
            parameters.tensors, to: path, as: .float16,
            metadata: provenance.merging(["materials": materials]) { $1 })
    }

    /// Logits of every cell, [N · H/8 · W/8, classes], of RGB [N, 3, H, W] in 0...1; sides are multiples of 8.
    func logits(_ images: Tensor) -> Variable {
        precondition(
            images.shape.count == 4 && images.shape[1] == 3 && images.shape[2] % Self.cell == 0
                && images.shape[3] % Self.cell == 0, "Distillation: pictures \(images.shape) to classify")
        var x = Variable(images * 4 - Tensor(repeating: 2, shape: images.shape))
        for layer in layers { x = layer(x).activated(.silu) }
        let y = head(x)
        let cells = y.shape[2] * y.shape[3]
        return y.reshaped([y.shape[0], y.shape[1], cells]).transposed().reshaped([
            y.shape[0] * cells, y.shape[1],
        ])
    }

    /// What each hole shows: the class whose log-probability, averaged over the pixels of the hole, is highest.
    /// - Parameters:
    ///   - images: RGB [N, 3, H, W] in 0...1.
    ///   - holes: [N, 1, H, W], 1 in the hole; each has one.
    /// - Returns: indices of `materials`.
    public func classify(_ images: Tensor, holes: Tensor) -> [Int] {
        let (height, width) = (images.shape[2], images.shape[3])
        let classes = Self.materials.count
        let rows = height / Self.cell
        let columns = width / Self.cell
        return (0..<images.shape[0]).map { n in
            let picture = Tensor(uninitialized: [1, 3, height, width])
            picture.pointer.update(from: images.pointer + n * picture.count, count: picture.count)
            let probabilities = Softmax.forward(logits(picture).value)
            var score = [Double](repeating: 0, count: classes)
            for row in 0..<rows {
                for column in 0..<columns {
                    var share: Float = 0
                    for y in 0..<Self.cell {
                        let line = (n * height + row * Self.cell + y) * width + column * Self.cell
                        for x in 0..<Self.cell { share += holes.pointer[line + x] }
                    }
                    guard share > 0 else { continue }
                    for k in 0..<classes {
                        let p = probabilities.pointer[(row * columns + column) * classes + k]
                        score[k] += Double(share) * log(Double(max(p, 1e-6)))
                    }
                }
            }
            return score.indices.max { score[$0] < score[$1] } ?? 0
        }
    }
}
