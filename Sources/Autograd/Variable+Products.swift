import TensorCore

extension Variable {
    /// Convolution: [N, C, H, W] with weights [O, C, kh, kw] and an optional bias [O].
    /// - Parameters:
    ///   - channels: a bias [N, O] of each image, for example of its timestep.
    ///   - adding: a tensor of the result's shape to add, for example a shortcut.
    ///   - prepared: where weights that do not train keep their prepared form.
    public func convolved(
        weights: Variable, bias: Variable?, options: Convolution.Options, channels: Variable? = nil,
        adding: Variable? = nil, prepared: PreparedWeights? = nil
    ) -> Variable {
        let training = [self, weights, bias, channels, adding].contains { $0?.requiresGradient == true }
        guard training else {
            // Without a tape all of it is one pass over the result.
            let offsets = bias.map { bias in channels?.value.addingAlongChannels(bias.value) ?? bias.value }
            return Variable(
                Convolution.forward(
                    value, weights: weights.value, bias: offsets ?? channels?.value, options: options,
                    adding: adding?.value, prepared: prepared))
        }
        var result = recordedConvolution(weights: weights, bias: bias, options: options)
        if let channels { result = result.addingAlongChannels(channels) }
        return adding.map { $0 + result } ?? result
    }

    private func recordedConvolution(
        weights: Variable, bias: Variable?, options: Convolution.Options
    ) -> Variable {
        let inputs = [self, weights] + (bias.map { [$0] } ?? [])
        let y = Convolution.forward(
            value, weights: weights.value, bias: bias?.value, options: options, training: true)
        return Variable.recorded(y, inputs: inputs) { [self] dy in
            let dx =
                requiresGradient
                ? Convolution.backwardData(dy, weights: weights.value, input: shape, options: options) : nil
            guard weights.requiresGradient || bias?.requiresGradient == true else {
                return [dx, nil] + (bias == nil ? [] : [nil])
            }
            let (dw, db) = Convolution.backwardWeights(
                value, gradient: dy, weights: weights.shape, options: options)
            return [dx, dw] + (bias == nil ? [] : [db])
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

    /// y = x Wᵀ + b for x [..., K], W [O, K], b [O], as torch.nn.Linear.
    public func linear(weights: Variable, bias: Variable?) -> Variable {
        let width = shape.last ?? 1
        let rows = reshaped([1, value.count / max(width, 1), width])
        let product = rows.matrixProduct(weights.reshaped([1] + weights.shape), transposeB: true)
        let output = product.reshaped([product.shape[1], product.shape[2]])
        let biased = bias.map { output.addingAlongChannels($0) } ?? output
        return biased.reshaped(shape.dropLast() + [weights.shape[0]])
    }
}
