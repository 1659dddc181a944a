import ArgumentParser
import Layers
import TensorCore

/// The extent of an axis: large enough for any network, small enough that no product of a few of them overflows.
private func requireExtents(_ extents: [String: Int], limit: Int = 1 << 20) throws {
    for (name, value) in extents.sorted(by: { $0.key < $1.key }) where !(1...limit).contains(value) {
        throw ValidationError("--\(name) must be 1 to \(limit)")
    }
}

/// Refuses work that no machine has the memory for, before it is tried.
private func requireMemory(floats: Double) throws {
    guard floats * 4 <= 32e9 else {
        throw ValidationError("these sizes need \(Int(floats * 4 / 1e9)) GB; choose smaller ones")
    }
}

struct ConvolutionBench: ParsableCommand {
    enum Direction: String, CaseIterable, ExpressibleByArgument {
        case forward, data, weights

        var problem: ConvolutionProblem.Direction {
            switch self {
            case .forward: .inference
            case .data: .data
            case .weights: .weights
            }
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "conv", abstract: "Time one convolution: forward, or the gradient at its input or its weights.",
        discussion: """
            The layer that a student has most of, by the plan and by another algorithm:

              refine-bench conv --input 64 --output 64 --height 128 --width 128
              refine-bench conv --algorithm onednn-direct --json

            What a training step needs beside the forward pass:

              refine-bench conv --direction weights --batch 8 --height 32 --width 32
            """)

    @OptionGroup var options: BenchOptions
    @Option(help: "Images.") var batch = 1
    @Option(help: "Input channels.") var input = 64
    @Option(help: "Output channels.") var output = 64
    @Option(help: "Height of the input.") var height = 128
    @Option(help: "Width of the input.") var width = 128
    @Option(help: "Side of the window.") var kernel = 3
    @Option(help: "Pixels from one window to the next.") var stride = 1
    @Option(help: "Zeros around the input; half the window where not given.") var padding: Int?
    @Option(help: "What to compute; data is the gradient at the input, weights that at the weights.")
    var direction = Direction.forward

    func validate() throws {
        try requireExtents(["batch": batch, "input": input, "output": output, "height": height, "width": width])
        try requireExtents(["kernel": kernel, "stride": stride], limit: 64)
        guard (0...64).contains(padding ?? 0) else { throw ValidationError("--padding must be 0 to 64") }
        guard min(height, width) + 2 * (padding ?? kernel / 2) >= kernel else {
            throw ValidationError("the window of \(kernel)x\(kernel) is larger than the padded input")
        }
        let plane = Double(batch) * Double(height) * Double(width)
        try requireMemory(floats: plane * Double(input + output) + Double(input * output) * Double(kernel * kernel))
    }

    func run() throws {
        let window = Convolution.Options(stride: stride, padding: padding ?? kernel / 2)
        var random = SeededRandom(seed: 1)
        let x = random.normalTensor([batch, input, height, width])
        let weights = random.normalTensor([output, input, kernel, kernel])
        let bias = random.normalTensor([output])
        let result = Convolution.outputShape(x.shape, weights: weights.shape, options: window)
        let dy = random.normalTensor(result)
        let prepared = PreparedWeights()
        let products = Double(batch * output * result[2] * result[3]) * Double(input * kernel * kernel)
        try options.measure(
            "conv-\(direction.rawValue)",
            shape: "\(batch)x\(input)x\(height)x\(width) to \(output), \(kernel)x\(kernel), stride \(stride)",
            operations: 2 * products,
            convolution: .init(direction.problem, input: x.shape, weights: weights.shape, options: window)
        ) {
            switch direction {
            case .forward:
                _ = Convolution.forward(x, weights: weights, bias: bias, options: window, prepared: prepared)
            case .data: _ = Convolution.backwardData(dy, weights: weights, input: x.shape, options: window)
            case .weights:
                _ = Convolution.backwardWeights(x, gradient: dy, weights: weights.shape, options: window)
            }
        }
    }
}

struct ProductBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gemm", abstract: "Time matrix products [B, M, K] x [B, K, N].",
        discussion: """
            Square ones, and such as attention has:

              refine-bench gemm -m 2048 -n 2048 -k 2048
              refine-bench gemm --batch 8 -m 1024 -n 1024 -k 64 --transpose-b
            """)

    @OptionGroup var options: BenchOptions
    @Option(help: "Products.") var batch = 1
    @Option(name: .customShort("m"), help: "Rows of the result.") var m = 1024
    @Option(name: .customShort("n"), help: "Columns of the result.") var n = 1024
    @Option(name: .customShort("k"), help: "The axis that is summed.") var k = 1024
    @Flag(help: "The first operand is stored as [B, K, M].") var transposeA = false
    @Flag(help: "The second operand is stored as [B, N, K].") var transposeB = false

    func validate() throws {
        try requireExtents(["batch": batch, "m": m, "n": n, "k": k])
        try requireMemory(floats: Double(batch) * (Double(m * k) + Double(k * n) + Double(m * n)))
    }

    func run() throws {
        var random = SeededRandom(seed: 1)
        let a = random.normalTensor(transposeA ? [batch, k, m] : [batch, m, k])
        let b = random.normalTensor(transposeB ? [batch, n, k] : [batch, k, n])
        try options.measure(
            "gemm", shape: "\(batch)x\(m)x\(k) by \(k)x\(n)", operations: 2 * Double(batch * m) * Double(n * k)
        ) {
            _ = MatrixProduct.batched(a, b, transposeA: transposeA, transposeB: transposeB)
        }
    }
}

struct ElementwiseBench: ParsableCommand {
    enum Operation: String, CaseIterable, ExpressibleByArgument {
        case add, silu, gelu, softmax
        case groupNorm = "group-norm"
        case groupNormSilu = "group-norm-silu"
        case layerNorm = "layer-norm"

        /// How often each element is read or written.
        var passes: Double { self == .add ? 3 : 2 }
    }

    static let configuration = CommandConfiguration(
        commandName: "elementwise",
        abstract: "Time an element-wise function or a normalisation of one feature map.",
        discussion: """
            The line tells GB/s, read and written.

              refine-bench elementwise --operation group-norm-silu --channels 128
            """)

    @OptionGroup var options: BenchOptions
    @Option(help: "What to compute.") var operation = Operation.silu
    @Option(help: "Images.") var batch = 1
    @Option(help: "Channels of the feature map.") var channels = 64
    @Option(help: "Height of the feature map.") var height = 128
    @Option(help: "Width of the feature map.") var width = 128
    @Option(help: "Groups of the group norm.") var groups = 16

    func validate() throws {
        try requireExtents(["batch": batch, "channels": channels, "height": height, "width": width, "groups": groups])
        try requireMemory(floats: Double(batch) * Double(channels) * Double(height) * Double(width) * 3)
        guard channels % groups == 0 else {
            throw ValidationError("--channels \(channels) must be a multiple of --groups \(groups)")
        }
    }

    func run() throws {
        var random = SeededRandom(seed: 1)
        let x = random.normalTensor([batch, channels, height, width])
        let one = Tensor(repeating: 1, shape: [channels]), zero = Tensor(repeating: 0, shape: [channels])
        let rowOne = Tensor(repeating: 1, shape: [width]), rowZero = Tensor(repeating: 0, shape: [width])
        try options.measure(
            operation.rawValue, shape: "\(batch)x\(channels)x\(height)x\(width)",
            bytes: Double(x.count) * 4 * operation.passes
        ) {
            switch operation {
            case .add: _ = x + x
            case .silu: _ = x.activated(.silu)
            case .gelu: _ = x.activated(.gelu)
            case .softmax: _ = Softmax.forward(x)
            case .groupNorm, .groupNormSilu:
                _ = GroupNorm.forward(
                    x, gamma: one, beta: zero, groups: groups, epsilon: 1e-5, silu: operation == .groupNormSilu)
            case .layerNorm: _ = LayerNorm.forward(x, gamma: rowOne, beta: rowZero, epsilon: 1e-5)
            }
        }
    }
}
