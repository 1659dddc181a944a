import COneDNN
import Synchronization

/// Two-dimensional convolution (cross-correlation, as in every framework): our Winograd kernels for 3x3 windows with
/// stride 1, oneDNN for the rest.
///
/// oneDNN's primitives are prepared once for each shape and kept. The whole call holds one lock, because oneDNN's workspace is
/// shared; engine work comes from one thread at a time anyway.
public enum Convolution {
    /// Stride and zero padding, the same on both axes.
    public struct Options: Hashable, Sendable {
        public var stride: Int
        public var padding: Int

        public init(stride: Int = 1, padding: Int = 0) {
            self.stride = stride
            self.padding = padding
        }
    }

    private struct Key: Hashable {
        var input: [Int], weights: [Int], options: Options, training: Bool
    }

    /// Owns one prepared primitive. `@unchecked Sendable`: it is reached only inside the lock below.
    private final class Prepared: @unchecked Sendable {
        let handle: OpaquePointer
        init(handle: OpaquePointer) { self.handle = handle }
        deinit { refine_conv_destroy(handle) }
    }

    private static let cache = Mutex<[Key: Prepared]>([:])

    /// Forgets all prepared primitives, for example when a run changes its shapes for good.
    public static func dropPrepared() { cache.withLock { $0 = [:] } }

    /// [N, C, H, W] * [O, C, kh, kw] + [O] -> [N, O, H', W'], H' = (H + 2 padding - kh) / stride + 1.
    public static func forward(
        _ x: Tensor, weights: Tensor, bias: Tensor?, options: Options, training: Bool = false
    ) -> Tensor {
        let output = outputShape(x.shape, weights: weights.shape, options: options)
        precondition(
            bias.map { $0.shape == [weights.shape[0]] } ?? true,
            "TensorCore: convolution bias \(bias?.shape ?? []) for weights \(weights.shape)")
        let y = Tensor(uninitialized: output)
        guard y.count > 0 else { return y }
        if usesWinograd(weights.shape, options) {
            WinogradConvolution.forward(x, weights: weights, bias: bias, into: y)
            return y
        }
        call(Key(input: x.shape, weights: weights.shape, options: options, training: training)) {
            refine_conv_forward($0, x.pointer, weights.pointer, bias?.pointer, y.pointer)
        }
        return y
    }

    /// The gradient at the input of shape `input`.
    public static func backwardData(
        _ dy: Tensor, weights: Tensor, input: [Int], options: Options
    ) -> Tensor {
        requireOutput(dy, input: input, weights: weights.shape, options: options)
        let dx = Tensor(uninitialized: input)
        if usesWinograd(weights.shape, options) {
            WinogradConvolution.backwardData(dy, weights: weights, into: dx)
            return dx
        }
        call(Key(input: input, weights: weights.shape, options: options, training: true)) {
            refine_conv_backward_data($0, dy.pointer, weights.pointer, dx.pointer)
        }
        return dx
    }

    /// Gradients at the weights of shape `weights` and at the bias.
    public static func backwardWeights(
        _ x: Tensor, gradient dy: Tensor, weights: [Int], options: Options
    ) -> (weights: Tensor, bias: Tensor) {
        requireOutput(dy, input: x.shape, weights: weights, options: options)
        let dw = Tensor(uninitialized: weights), db = Tensor(uninitialized: [weights[0]])
        if usesWinograd(weights, options) {
            WinogradConvolution.backwardWeights(x, gradient: dy, weights: dw, bias: db)
            return (dw, db)
        }
        call(Key(input: x.shape, weights: weights, options: options, training: true)) {
            refine_conv_backward_weights($0, x.pointer, dy.pointer, dw.pointer, db.pointer)
        }
        return (dw, db)
    }

    /// The shape that `forward` returns; traps with both shapes when they do not fit.
    public static func outputShape(_ x: [Int], weights: [Int], options: Options) -> [Int] {
        precondition(
            x.count == 4 && weights.count == 4 && x[1] == weights[1] && options.stride > 0 && options.padding >= 0,
            "TensorCore: convolution of \(x) with weights \(weights)")
        let height = (x[2] + 2 * options.padding - weights[2]) / options.stride + 1
        let width = (x[3] + 2 * options.padding - weights[3]) / options.stride + 1
        precondition(
            height > 0 && width > 0 && x[2] + 2 * options.padding >= weights[2]
                && x[3] + 2 * options.padding >= weights[3],
            "TensorCore: input \(x) is smaller than the convolution window \(weights)")
        return [x[0], weights[0], height, width]
    }

    private static func requireOutput(_ dy: Tensor, input: [Int], weights: [Int], options: Options) {
        let expected = outputShape(input, weights: weights, options: options)
        precondition(
            dy.shape == expected, "TensorCore: convolution gradient of shape \(dy.shape), expected \(expected)")
    }

    /// How windows of 3x3 are computed.
    public enum Algorithm: Sendable {
        /// Our Winograd where it covers the shape, oneDNN elsewhere.
        case fastest
        /// oneDNN's direct kernels alone: a baseline for measurements, and an oracle.
        case direct
    }

    /// The algorithm of all further calls.
    public static var algorithm: Algorithm {
        get { chosenAlgorithm.withLock { $0 } }
        set { chosenAlgorithm.withLock { $0 = newValue } }
    }
    private static let chosenAlgorithm = Mutex(Algorithm.fastest)

    private static func usesWinograd(_ weights: [Int], _ options: Options) -> Bool {
        algorithm == .fastest && WinogradConvolution.covers(weights, options: options)
    }

    private static func call(_ key: Key, _ body: (OpaquePointer) -> Int32) {
        BLAS.prepare()
        let status = cache.withLock { cache in
            if let prepared = cache[key] { return body(prepared.handle) }
            var shape = refine_conv_shape(
                batch: Int64(key.input[0]), in_channels: Int64(key.input[1]), out_channels: Int64(key.weights[0]),
                height: Int64(key.input[2]), width: Int64(key.input[3]), kernel_height: Int64(key.weights[2]),
                kernel_width: Int64(key.weights[3]), stride: Int64(key.options.stride),
                padding: Int64(key.options.padding))
            var handle: OpaquePointer?
            let status = refine_conv_create(&shape, REFINE_CONV_DIRECT, key.training ? 1 : 0, &handle)
            guard status == 0, let handle else { return status == 0 ? -1 : status }
            cache[key] = Prepared(handle: handle)
            return body(handle)
        }
        precondition(
            status == 0,
            "TensorCore: oneDNN status \(status) for a convolution of \(key.input) with weights \(key.weights)")
    }

    /// oneDNN's version and the instruction set that it uses, for logs and reports.
    public static var implementation: String {
        "oneDNN \(String(cString: refine_onednn_version())) \(String(cString: refine_onednn_isa()))"
    }
}
