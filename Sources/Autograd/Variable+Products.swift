import TensorCore

extension Variable {
    /// Convolution: [N, C, H, W] with weights [O, C, kh, kw] and an optional bias [O].
    /// - Parameters:
    ///   - weights: [O, C, kh, kw].
    ///   - bias: [O], or nil for none.
    ///   - options: stride and padding.
    ///   - channels: a bias [N, O] of each image, for example of its timestep.
    ///   - adding: a tensor of the result's shape to add, for example a shortcut.
    ///   - prepared: where weights that do not train keep their prepared form.
    public func convolved(
        weights: Variable, bias: Variable?, options: Convolution.Options, channels: Variable? = nil,
        adding: Variable? = nil, prepared: PreparedWeights? = nil
    ) -> Variable {
        let addends = [bias, channels, adding]
        // One pass over the result for all that is added to it.
        let offsets = bias.map { bias in channels?.value.addingAlongChannels(bias.value) ?? bias.value }
        let learns = requiresGradient || weights.requiresGradient || addends.contains { $0?.requiresGradient == true }
        let y = Convolution.forward(
            value, weights: weights.value, bias: offsets ?? channels?.value, options: options, adding: adding?.value,
            training: learns, prepared: learns ? nil : prepared)
        return Variable.recorded(y, inputs: [self, weights] + addends.compactMap { $0 }) { [self] dy in
            let dx =
                requiresGradient
                ? Convolution.backwardData(dy, weights: weights.value, input: shape, options: options) : nil
            var dw: Tensor?, db: Tensor?
            if weights.requiresGradient || bias?.requiresGradient == true {
                (dw, db) = Convolution.backwardWeights(value, gradient: dy, weights: weights.shape, options: options)
            }
            let dchannels = channels.map { $0.requiresGradient ? dy.summedOverInner() : nil }
            return [dx, dw] + (bias == nil ? [] : [db]) + (dchannels.map { [$0] } ?? []) + (adding == nil ? [] : [dy])
        }
    }

    /// Batched matrix product of [B, M, K] and [B, K, N], either one optionally given transposed, times `scale`.
    ///
    /// With A and B as given, dA = dY op(B)ᵀ and dB = op(A)ᵀ dY, transposed again where the operand was.
    public func matrixProduct(
        _ other: Variable, transposeA: Bool = false, transposeB: Bool = false, scale: Float = 1
    ) -> Variable {
        let y = MatrixProduct.batched(
            value, other.value, transposeA: transposeA, transposeB: transposeB, scale: scale)
        return Variable.recorded(y, inputs: [self, other]) { [value] dy in
            let (a, b) = (value, other.value)
            let da =
                transposeA
                ? MatrixProduct.batched(b, dy, transposeA: transposeB, transposeB: true, scale: scale)
                : MatrixProduct.batched(dy, b, transposeB: !transposeB, scale: scale)
            let db =
                transposeB
                ? MatrixProduct.batched(dy, a, transposeA: true, transposeB: transposeA, scale: scale)
                : MatrixProduct.batched(a, dy, transposeA: !transposeA, scale: scale)
            return [da, db]
        }
    }

    /// y = x Wᵀ + b for x [..., K], W [O, K], b [O], as torch.nn.Linear; `adding` is added to it, of its shape.
    ///
    /// dx = dy W, dW = dyᵀ x, db = Σ dy over the rows.
    public func linear(weights: Variable, bias: Variable?, adding: Variable? = nil) -> Variable {
        let width = shape.last ?? 1, rows = value.reshaped([value.count / max(width, 1), width])
        let matrix = [rows.shape[0], weights.shape[0]]
        let y = MatrixProduct.linear(
            rows, weights.value, bias: bias?.value, adding: adding.map { $0.value.reshaped(matrix) })
        let inputs = [self, weights] + [bias, adding].compactMap { $0 }
        return Variable.recorded(y.reshaped(shape.dropLast() + [weights.shape[0]]), inputs: inputs) { [self] dy in
            let rowGradient = dy.reshaped(matrix)
            let dx =
                requiresGradient ? MatrixProduct.of(rowGradient, weights.value).reshaped(shape) : nil
            let dw = weights.requiresGradient ? MatrixProduct.of(rowGradient, rows, transposeA: true) : nil
            let db = bias.map { $0.requiresGradient ? rowGradient.summedOverOuter() : nil }
            return [dx, dw] + (db.map { [$0] } ?? []) + (adding == nil ? [] : [dy])
        }
    }
}
