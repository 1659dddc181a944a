import Layers
import TensorCore

/// Inception-v3 (Szegedy et al. 2016) up to its 2048 pooled features, with the deviations of the network that the FID was
/// published with, as pytorch-fid has them: average pools do not count their padding, and the last block pools by the
/// maximum.
public struct InceptionV3 {
    /// Side of the pictures that it was trained on; others are resized to it.
    static let side = 299

    private let stem: [NormalizedConvolution]
    private let blocks: [InceptionBlock]

    /// - Parameters:
    ///   - parameters: torchvision's names, without classifier.
    ///   - widthDivisor: all widths are divided by it, for tests; 1, 2, 4, 8 or 16.
    /// - Throws: `ModelError` unless the weights fit exactly.
    public init(_ parameters: ParameterSet, widthDivisor: Int = 1) throws {
        let root = parameters.root
        func convolution(
            _ name: String, _ input: Int, _ output: Int, _ kernel: Int, stride: Int = 1, padding: Int = 0
        ) throws -> NormalizedConvolution {
            try NormalizedConvolution(
                root.scope(name), input == 3 ? 3 : input / widthDivisor, output / widthDivisor,
                kernel: (kernel, kernel), stride: stride, padding: (padding, padding))
        }
        stem = [
            try convolution("Conv2d_1a_3x3", 3, 32, 3, stride: 2), try convolution("Conv2d_2a_3x3", 32, 32, 3),
            try convolution("Conv2d_2b_3x3", 32, 64, 3, padding: 1), try convolution("Conv2d_3b_1x1", 64, 80, 1),
            try convolution("Conv2d_4a_3x3", 80, 192, 3),
        ]
        blocks = try InceptionBlock.Design.all.map {
            try InceptionBlock($0, root.scope($0.name), widthDivisor: widthDivisor)
        }
        try parameters.requireAllUsed()
    }

    /// The features of one picture of any size, [2048 / widthDivisor].
    public func features(of image: MetricImage) -> [Float] {
        let resized = image.resizedBilinearly(width: Self.side, height: Self.side)
        var x = Tensor(resized.values.map { 2 * $0 - 1 }, shape: [1, 3, Self.side, Self.side])
        for (index, layer) in stem.enumerated() {
            x = layer(x)
            if index == 2 || index == 4 { x = x.maxPooled(window: 3, stride: 2) }
        }
        for block in blocks { x = block(x) }
        return x.averagedOverPixels().values
    }
}
