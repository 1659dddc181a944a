import CKernels

/// Our own F(4x4, 3x3) Winograd convolution: about three times as fast as oneDNN's direct AVX2 kernels from 48 channels
/// on (EXPERIMENTS.md). It covers windows of 3x3 with stride 1 and padding 1.
enum WinogradConvolution {
    /// Below this many channels on either side the transforms cost more than they save.
    static let minimumChannels = 16

    static func covers(_ weights: [Int], options: Convolution.Options) -> Bool {
        weights[2] == 3 && weights[3] == 3 && options.stride == 1 && options.padding == 1
            && min(weights[0], weights[1]) >= minimumChannels
    }

    static func forward(_ x: Tensor, weights: Tensor, bias: Tensor?, into y: Tensor) {
        var shape = shape(x.shape, weights.shape)
        let workspace = workspace(&shape, RK_WINOGRAD_FORWARD_FRESH)
        var tail = rk_winograd_tail(bias: bias.map { UnsafePointer($0.pointer) }, bias_stride: 0, addend: nil)
        rk_winograd_forward_fresh(&shape, x.pointer, weights.pointer, &tail, y.pointer, workspace.pointer)
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

    private static func shape(_ input: [Int], _ weights: [Int]) -> rk_winograd_shape {
        rk_winograd_shape(
            batch: Int64(input[0]), in_channels: Int64(input[1]), out_channels: Int64(weights[0]),
            height: Int64(input[2]), width: Int64(input[3]))
    }

    private static func workspace(_ shape: inout rk_winograd_shape, _ operation: rk_winograd_operation) -> Tensor {
        Tensor(uninitialized: [rk_winograd_workspace_size(&shape, operation)])
    }
}
