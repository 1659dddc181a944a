import Layers
import TensorCore

/// One mixed block: branches side by side, their outputs joined by channels.
struct InceptionBlock {
    /// What happens in a branch before its outputs are joined.
    private enum Step {
        case convolution(NormalizedConvolution)
        /// 3x3, stride 1, padding not counted.
        case averagePool
        /// 3x3, stride 1.
        case maxPool
        /// 3x3, stride 2.
        case reducingPool
        /// Two convolutions of one input, joined.
        case fork(NormalizedConvolution, NormalizedConvolution)
    }

    private let branches: [[Step]]

    /// A block's place in the network.
    struct Design {
        enum Kind {
            case a(poolWidth: Int)
            case b
            case c(innerWidth: Int)
            case d
            case e(averages: Bool)
        }

        let name: String
        let input: Int
        let kind: Kind

        /// From the stem to the pooled features.
        static let all = [
            Design(name: "Mixed_5b", input: 192, kind: .a(poolWidth: 32)),
            Design(name: "Mixed_5c", input: 256, kind: .a(poolWidth: 64)),
            Design(name: "Mixed_5d", input: 288, kind: .a(poolWidth: 64)),
            Design(name: "Mixed_6a", input: 288, kind: .b),
            Design(name: "Mixed_6b", input: 768, kind: .c(innerWidth: 128)),
            Design(name: "Mixed_6c", input: 768, kind: .c(innerWidth: 160)),
            Design(name: "Mixed_6d", input: 768, kind: .c(innerWidth: 160)),
            Design(name: "Mixed_6e", input: 768, kind: .c(innerWidth: 192)),
            Design(name: "Mixed_7a", input: 768, kind: .d),
            Design(name: "Mixed_7b", input: 1280, kind: .e(averages: true)),
            Design(name: "Mixed_7c", input: 2048, kind: .e(averages: false)),
        ]
    }

    init(_ design: Design, _ scope: ParameterScope, widthDivisor: Int) throws {
        /// A convolution that keeps the size, or halves it by a stride of 2 without padding.
        func layer(
            _ name: String, _ input: Int, _ output: Int, _ height: Int, _ width: Int, stride: Int = 1
        ) throws -> NormalizedConvolution {
            try NormalizedConvolution(
                scope.scope(name), input / widthDivisor, output / widthDivisor, kernel: (height, width),
                stride: stride, padding: stride == 1 ? (height / 2, width / 2) : (0, 0))
        }
        func step(
            _ name: String, _ input: Int, _ output: Int, _ height: Int, _ width: Int, stride: Int = 1
        ) throws -> Step {
            .convolution(try layer(name, input, output, height, width, stride: stride))
        }
        let input = design.input
        switch design.kind {
        case .a(let poolWidth):
            branches = [
                [try step("branch1x1", input, 64, 1, 1)],
                [try step("branch5x5_1", input, 48, 1, 1), try step("branch5x5_2", 48, 64, 5, 5)],
                [
                    try step("branch3x3dbl_1", input, 64, 1, 1), try step("branch3x3dbl_2", 64, 96, 3, 3),
                    try step("branch3x3dbl_3", 96, 96, 3, 3),
                ],
                [.averagePool, try step("branch_pool", input, poolWidth, 1, 1)],
            ]
        case .b:
            branches = [
                [try step("branch3x3", input, 384, 3, 3, stride: 2)],
                [
                    try step("branch3x3dbl_1", input, 64, 1, 1), try step("branch3x3dbl_2", 64, 96, 3, 3),
                    try step("branch3x3dbl_3", 96, 96, 3, 3, stride: 2),
                ],
                [.reducingPool],
            ]
        case .c(let inner):
            branches = [
                [try step("branch1x1", input, 192, 1, 1)],
                [
                    try step("branch7x7_1", input, inner, 1, 1), try step("branch7x7_2", inner, inner, 1, 7),
                    try step("branch7x7_3", inner, 192, 7, 1),
                ],
                [
                    try step("branch7x7dbl_1", input, inner, 1, 1), try step("branch7x7dbl_2", inner, inner, 7, 1),
                    try step("branch7x7dbl_3", inner, inner, 1, 7), try step("branch7x7dbl_4", inner, inner, 7, 1),
                    try step("branch7x7dbl_5", inner, 192, 1, 7),
                ],
                [.averagePool, try step("branch_pool", input, 192, 1, 1)],
            ]
        case .d:
            branches = [
                [try step("branch3x3_1", input, 192, 1, 1), try step("branch3x3_2", 192, 320, 3, 3, stride: 2)],
                [
                    try step("branch7x7x3_1", input, 192, 1, 1), try step("branch7x7x3_2", 192, 192, 1, 7),
                    try step("branch7x7x3_3", 192, 192, 7, 1), try step("branch7x7x3_4", 192, 192, 3, 3, stride: 2),
                ],
                [.reducingPool],
            ]
        case .e(let averages):
            branches = [
                [try step("branch1x1", input, 320, 1, 1)],
                [
                    try step("branch3x3_1", input, 384, 1, 1),
                    .fork(try layer("branch3x3_2a", 384, 384, 1, 3), try layer("branch3x3_2b", 384, 384, 3, 1)),
                ],
                [
                    try step("branch3x3dbl_1", input, 448, 1, 1), try step("branch3x3dbl_2", 448, 384, 3, 3),
                    .fork(try layer("branch3x3dbl_3a", 384, 384, 1, 3), try layer("branch3x3dbl_3b", 384, 384, 3, 1)),
                ],
                [averages ? .averagePool : .maxPool, try step("branch_pool", input, 192, 1, 1)],
            ]
        }
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
        Tensor.concatenated(branches.map { $0.reduce(x, Self.apply) })
    }

    private static func apply(_ x: Tensor, _ step: Step) -> Tensor {
        switch step {
        case .convolution(let layer): layer(x)
        case .averagePool: x.averagePooled(window: 3, stride: 1, padding: 1)
        case .maxPool: x.maxPooled(window: 3, stride: 1, padding: 1)
        case .reducingPool: x.maxPooled(window: 3, stride: 2)
        case .fork(let first, let second): Tensor.concatenated([first(x), second(x)])
        }
    }
}
