import Layers
import TensorCore

/// LPIPS, the learned perceptual image patch similarity of Zhang et al., "The unreasonable effectiveness of deep
/// features as a perceptual metric" (2018), version 0.1 of its reference implementation: features of a classifier at five
/// depths, normalised at every pixel, their squared differences weighed by channel, averaged over pixels and summed over
/// depths. 0 = equal; smaller is better.
public struct PerceptualSimilarity {
    /// The smallest side that reaches AlexNet's last features.
    public static let smallestSide = 32

    /// Mean and deviation of the classifiers' training pictures, for values of -1...1.
    private static let shift: [Float] = [-0.030, -0.088, -0.188]
    private static let scale: [Float] = [0.458, 0.448, 0.450]
    private static let epsilon: Float = 1e-10

    private let backbone: PerceptualBackbone
    /// One weight for each channel, by depth.
    private let heads: [[Float]]

    /// - Parameter parameters: torchvision's `features.*` and the reference implementation's `lin0` ... `lin4`.
    /// - Throws: `ModelError` unless the weights fit exactly.
    init(_ kind: PerceptualBackbone.Kind, _ parameters: ParameterSet) throws {
        backbone = try PerceptualBackbone(kind, parameters.root.scope("features"))
        heads = try backbone.channels.enumerated().map { depth, channels in
            try parameters.root.scope("lin\(depth)").scope("model", 1)
                .parameter("weight", [1, channels, 1, 1], .ones).value.values
        }
        try parameters.requireAllUsed()
    }

    /// AlexNet's features.
    public static func alex(_ parameters: ParameterSet) throws -> PerceptualSimilarity { try .init(.alex, parameters) }

    /// VGG16's features.
    public static func vgg(_ parameters: ParameterSet) throws -> PerceptualSimilarity { try .init(.vgg, parameters) }

    /// The features of a picture, to be compared several times.
    public struct Features {
        fileprivate let maps: [Tensor]
    }

    /// - Parameter image: no side shorter than ``smallestSide``.
    public func features(of image: MetricImage) -> Features {
        precondition(
            min(image.width, image.height) >= Self.smallestSide,
            "Metrics: LPIPS of \(image.width)x\(image.height), which is too small")
        let x = Tensor(image.values, shape: [1, 3, image.height, image.width])
        let plane = image.width * image.height
        for channel in 0..<3 {
            for i in (channel * plane)..<((channel + 1) * plane) {
                x.pointer[i] = (2 * x.pointer[i] - 1 - Self.shift[channel]) / Self.scale[channel]
            }
        }
        let maps = backbone(x)
        for map in maps { Self.normalizeInPlace(map) }
        return Features(maps: maps)
    }

    /// The distance of two pictures of one size.
    public func distance(_ a: Features, _ b: Features) -> Double {
        var sum = 0.0
        for ((x, y), weights) in zip(zip(a.maps, b.maps), heads) {
            precondition(x.shape == y.shape, "Metrics: LPIPS of pictures of two sizes")
            let plane = x.shape[2] * x.shape[3]
            for (channel, weight) in weights.enumerated() {
                var squares: Float = 0
                for i in (channel * plane)..<((channel + 1) * plane) {
                    let difference = x.pointer[i] - y.pointer[i]
                    squares += difference * difference
                }
                sum += Double(weight) * Double(squares) / Double(plane)
            }
        }
        return sum
    }

    /// Divides every pixel of [1, C, H, W] by the length of its channels.
    private static func normalizeInPlace(_ map: Tensor) {
        let (channels, plane) = (map.shape[1], map.shape[2] * map.shape[3])
        var lengths = [Float](repeating: 0, count: plane)
        for channel in 0..<channels {
            let row = map.pointer + channel * plane
            for i in 0..<plane { lengths[i] += row[i] * row[i] }
        }
        for i in 0..<plane { lengths[i] = 1 / (lengths[i].squareRoot() + epsilon) }
        for channel in 0..<channels {
            let row = map.pointer + channel * plane
            for i in 0..<plane { row[i] *= lengths[i] }
        }
    }
}
