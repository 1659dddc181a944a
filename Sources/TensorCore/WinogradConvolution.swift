import CKernels

/// Our own F(4x4, 3x3) Winograd convolution: about three times as fast as oneDNN's direct kernels (EXPERIMENTS.md). It
/// covers windows of 3x3 with stride 1 and padding 1.
enum WinogradConvolution {
    /// Weights with more elements are transformed at every call: reading what is four times as large takes longer.
    private static let largestPrepared = 512 * 512 * 9
    /// With fewer tiles, transforming the weights on the way costs a quarter of the call at most, and prepared weights
    /// four times the memory of the layer's own.
    private static let fewTiles = 32

    /// - Parameters:
    ///   - bias: [O] or [N, O].
    ///   - adding: added to the result, of its shape; may be `y` itself.
    static func forward(
        _ x: Tensor, weights: Tensor, bias: Tensor?, adding: Tensor?, prepared: PreparedWeights?, into y: Tensor
    ) {
        var shape = shape(x.shape, weights.shape)
        var tail = rk_winograd_tail(
            bias: bias.map { UnsafePointer($0.pointer) },
            bias_stride: bias?.shape.count == 2 ? Int64(weights.shape[0]) : 0,
            addend: adding.map { UnsafePointer($0.pointer) })
        if weights.count <= largestPrepared, tiles(of: y.shape) > fewTiles,
            let transformed = prepared?.tensor(
                of: weights, count: rk_winograd_weights_size(&shape, RK_WINOGRAD_FORWARD),
                { rk_winograd_transform_weights(&shape, RK_WINOGRAD_FORWARD, weights.pointer, $0.pointer) })
        {
            let workspace = workspace(&shape, RK_WINOGRAD_FORWARD)
            rk_winograd_forward(&shape, x.pointer, transformed.pointer, &tail, y.pointer, workspace.pointer)
        } else {
            let workspace = workspace(&shape, RK_WINOGRAD_FORWARD_FRESH)
            rk_winograd_forward_fresh(&shape, x.pointer, weights.pointer, &tail, y.pointer, workspace.pointer)
        }
    }

    static func backwardData(_ dy: Tensor, weights: Tensor, into dx: Tensor) {
        var shape = shape(dx.shape, weights.shape)
        let workspace = workspace(&shape, RK_WINOGRAD_BACKWARD_DATA_FRESH)
        rk_winograd_backward_data_fresh(&shape, dy.pointer, weights.pointer, dx.pointer, workspace.pointer)
    }

    static func backwardWeights(_ x: Tensor, gradient dy: Tensor, weights dw: Tensor, bias db: Tensor) {
        var shape = shape(x.shape, dw.shape)
        let workspace = workspace(&shape, RK_WINOGRAD_BACKWARD_WEIGHTS)
        rk_winograd_backward_weights(
            &shape, x.pointer, dy.pointer, dw.pointer, db.pointer, workspace.pointer)
    }

    private static func tiles(of output: [Int]) -> Int {
        output[0] * ((output[2] + 3) / 4) * ((output[3] + 3) / 4)
    }

    private static func shape(_ input: [Int], _ weights: [Int]) -> rk_winograd_shape {
        rk_winograd_shape(
            batch: Int64(input[0]), in_channels: Int64(input[1]), out_channels: Int64(weights[0]),
            height: Int64(input[2]), width: Int64(input[3]))
    }

    private static func workspace(_ shape: inout rk_winograd_shape, _ operation: rk_winograd_operation) -> Tensor {
        Tensor(uninitialized: [rk_winograd_workspace_size(&shape, operation)])
    }
}
