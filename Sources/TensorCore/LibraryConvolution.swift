import COneDNN
import Synchronization

/// oneDNN's convolutions. Primitives are prepared once for each shape and kept. Each call holds one lock, because the
/// workspace of COneDNN is shared; engine work comes from one thread at a time anyway.
enum LibraryConvolution {
    private struct Key: Hashable {
        var input: [Int], weights: [Int], options: Convolution.Options, training: Bool, winograd: Bool
    }

    /// Owns one prepared primitive. `@unchecked Sendable`: it is reached only inside the lock below.
    private final class Prepared: @unchecked Sendable {
        let handle: OpaquePointer
        init(handle: OpaquePointer) { self.handle = handle }
        deinit { refine_conv_destroy(handle) }
    }

    private static let cache = Mutex<[Key: Prepared]>([:])

    static func dropPrepared() { cache.withLock { $0 = [:] } }

    /// Gives back the memory that the calls share.
    static func releaseWorkspace() { cache.withLock { _ in refine_conv_release_workspace() } }

    /// False when oneDNN has no such kernels for the shape on this CPU.
    static func isAvailable(_ algorithm: ConvolutionAlgorithm, for problem: ConvolutionProblem) -> Bool {
        status(algorithm, problem) { _ in 0 } == 0
    }

    /// Runs `body` on the primitive; traps with the shapes when there is none or it fails.
    static func call(
        _ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem, _ body: (OpaquePointer) -> Int32
    ) {
        let status = status(algorithm, problem, body)
        require(
            status == 0,
            "TensorCore: oneDNN status \(status) for a convolution of \(problem.input) with weights \(problem.weights)")
    }

    private static func status(
        _ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem, _ body: (OpaquePointer) -> Int32
    ) -> Int32 {
        BLAS.prepare()
        let key = Key(
            input: problem.input, weights: problem.weights, options: problem.options,
            training: problem.direction != .inference, winograd: algorithm == .libraryWinograd)
        return cache.withLock { cache in
            if let prepared = cache[key] { return body(prepared.handle) }
            var shape = refine_conv_shape(
                batch: Int64(key.input[0]), in_channels: Int64(key.input[1]), out_channels: Int64(key.weights[0]),
                height: Int64(key.input[2]), width: Int64(key.input[3]), kernel_height: Int64(key.weights[2]),
                kernel_width: Int64(key.weights[3]), stride: Int64(key.options.stride),
                padding: Int64(key.options.padding))
            var handle: OpaquePointer?
            let status = refine_conv_create(
                &shape, key.winograd ? REFINE_CONV_WINOGRAD : REFINE_CONV_DIRECT, key.training ? 1 : 0, &handle)
            guard status == 0, let handle else { return status == 0 ? -1 : status }
            cache[key] = Prepared(handle: handle)
            return body(handle)
        }
    }
}
