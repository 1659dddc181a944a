import Layers
import TensorCore

/// The convolutions of a classifier of torchvision, tapped at five depths: what LPIPS compares.
struct PerceptualBackbone {
    /// Which classifier, and so which published weights.
    enum Kind: String, CaseIterable, Sendable {
        /// Krizhevsky 2014 as torchvision has it.
        case alex
        /// Simonyan and Zisserman 2015, configuration D.
        case vgg
    }

    private enum Step {
        case convolution(RectifiedConvolution)
        case pooling(window: Int, stride: Int)
        case tap
    }

    private let steps: [Step]
    /// Channels at the five taps.
    let channels: [Int]

    /// - Parameter scope: torchvision's `features`.
    init(_ kind: Kind, _ scope: ParameterScope) throws {
        var steps: [Step] = []
        func add(_ index: Int, _ input: Int, _ output: Int, kernel: Int = 3, stride: Int = 1, padding: Int = 1) throws {
            steps.append(
                .convolution(
                    try RectifiedConvolution(
                        scope.scope(String(index)), input, output, kernel: kernel, stride: stride, padding: padding)))
        }
        switch kind {
        case .alex:
            channels = [64, 192, 384, 256, 256]
            try add(0, 3, 64, kernel: 11, stride: 4, padding: 2)
            steps += [.tap, .pooling(window: 3, stride: 2)]
            try add(3, 64, 192, kernel: 5, padding: 2)
            steps += [.tap, .pooling(window: 3, stride: 2)]
            for (index, input, output) in [(6, 192, 384), (8, 384, 256), (10, 256, 256)] {
                try add(index, input, output)
                steps.append(.tap)
            }
        case .vgg:
            channels = [64, 128, 256, 512, 512]
            var (index, input) = (0, 3)
            for (block, count) in [2, 2, 3, 3, 3].enumerated() {
                if block > 0 {
                    steps.append(.pooling(window: 2, stride: 2))
                    index += 1
                }
                for _ in 0..<count {
                    try add(index, input, channels[block])
                    input = channels[block]
                    index += 2  // a ReLU follows each
                }
                steps.append(.tap)
            }
        }
        self.steps = steps
    }

    /// [N, 3, H, W] to five feature maps, finest first.
    func callAsFunction(_ x: Tensor) -> [Tensor] {
        var taps: [Tensor] = []
        var x = x
        for step in steps {
            switch step {
            case .convolution(let layer): x = layer(x)
            case .pooling(let window, let stride): x = x.maxPooled(window: window, stride: stride)
            case .tap: taps.append(x)
            }
        }
        return taps
    }
}
