import TensorCore

extension Variable {
    /// Adds a bias [C] or [N, C] along axis 1 of [N, C, ...]; its gradient is the sum over all other axes.
    public func addingAlongChannels(_ bias: Variable) -> Variable {
        Variable.recorded(value.addingAlongChannels(bias.value), inputs: [self, bias]) { dy in
            guard bias.requiresGradient else { return [dy, nil] }
            let sums = dy.summedOverInner()
            return [dy, bias.shape.count == 2 ? sums : sums.summedOverOuter()]
        }
    }

    /// Joins along axis 1.
    public static func concatenated(_ parts: [Variable]) -> Variable {
        recorded(Tensor.concatenated(parts.map(\.value)), inputs: parts) { dy in
            dy.split(channels: parts.map { $0.shape[1] })
        }
    }

    /// Swaps the last two axes of [N, R, C].
    public func transposed() -> Variable {
        Variable.recorded(value.transposed(), inputs: [self]) { dy in [dy.transposed()] }
    }

    /// [N, C, H, W] to [N, C, 2H, 2W] by repetition.
    public func upsampledNearest2() -> Variable {
        Variable.recorded(value.upsampledNearest2(), inputs: [self]) { dy in [dy.upsampledNearest2Backward()] }
    }

    /// [N, C, 2H, 2W] to [N, C, H, W] by averaging.
    public func averagePooled2() -> Variable {
        Variable.recorded(value.averagePooled2(), inputs: [self]) { dy in [dy.averagePooled2Backward()] }
    }

    /// Folds pixels into channels; a permutation, so its gradient is the reverse one.
    public func spaceToDepth(_ factor: Int) -> Variable {
        Variable.recorded(value.spaceToDepth(factor), inputs: [self]) { dy in [dy.depthToSpace(factor)] }
    }

    /// Unfolds channels into pixels.
    public func depthToSpace(_ factor: Int) -> Variable {
        Variable.recorded(value.depthToSpace(factor), inputs: [self]) { dy in [dy.spaceToDepth(factor)] }
    }
}
