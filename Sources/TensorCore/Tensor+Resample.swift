import CKernels

extension Tensor {
    private func resampled(
        _ shape: [Int],
        _ kernel: (UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int64, Int64, Int64) -> Void, small: Tensor?
    ) -> Tensor {
        let y = Tensor(uninitialized: shape)
        let side = small ?? y
        kernel(
            pointer, y.pointer, Int64(shape[0] * shape[1]), Int64(side.shape[2]), Int64(side.shape[3]))
        return y
    }

    private func halved(_ operation: StaticString) -> [Int] {
        requireRank(4, operation)
        require(
            shape[2] % 2 == 0 && shape[3] % 2 == 0, "TensorCore: \(operation) needs even sides, not \(shape)")
        return [shape[0], shape[1], shape[2] / 2, shape[3] / 2]
    }

    private func doubled(_ operation: StaticString) -> [Int] {
        requireRank(4, operation)
        return [shape[0], shape[1], shape[2] * 2, shape[3] * 2]
    }

    /// Repeats every pixel 2x2: [N, C, H, W] to [N, C, 2H, 2W].
    public func upsampledNearest2() -> Tensor { resampled(doubled("upsample"), rk_upsample_nearest2, small: self) }

    /// The gradient at the input of `upsampledNearest2`.
    public func upsampledNearest2Backward() -> Tensor {
        resampled(halved("upsample backward"), rk_upsample_nearest2_backward, small: nil)
    }

    /// The mean of every 2x2 block: [N, C, 2H, 2W] to [N, C, H, W].
    public func averagePooled2() -> Tensor { resampled(halved("average pool"), rk_average_pool2, small: nil) }

    /// The gradient at the input of `averagePooled2`.
    public func averagePooled2Backward() -> Tensor {
        resampled(doubled("average pool backward"), rk_average_pool2_backward, small: self)
    }

    /// Folds f x f pixels into channels, as torch.nn.PixelUnshuffle: [N, C, fH, fW] to [N, C f², H, W].
    public func spaceToDepth(_ factor: Int) -> Tensor {
        requireRank(4, "space to depth")
        require(
            shape[2] % factor == 0 && shape[3] % factor == 0, "TensorCore: space to depth by \(factor) of \(shape)")
        let y = Tensor(
            uninitialized: [shape[0], shape[1] * factor * factor, shape[2] / factor, shape[3] / factor])
        rk_space_to_depth(
            pointer, y.pointer, Int64(shape[0]), Int64(shape[1]), Int64(y.shape[2]), Int64(y.shape[3]), Int64(factor))
        return y
    }

    /// The reverse of `spaceToDepth`: [N, C f², H, W] to [N, C, fH, fW].
    public func depthToSpace(_ factor: Int) -> Tensor {
        requireRank(4, "depth to space")
        require(shape[1] % (factor * factor) == 0, "TensorCore: depth to space by \(factor) of \(shape)")
        let y = Tensor(
            uninitialized: [shape[0], shape[1] / (factor * factor), shape[2] * factor, shape[3] * factor])
        rk_depth_to_space(
            pointer, y.pointer, Int64(shape[0]), Int64(y.shape[1]), Int64(shape[2]), Int64(shape[3]), Int64(factor))
        return y
    }
}
