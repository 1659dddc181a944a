import TensorCore

extension Variable {
    /// GroupNorm over [N, C, ...], followed by SiLU in the same pass when `silu` is set.
    public func groupNormalized(
        gamma: Variable, beta: Variable, groups: Int, epsilon: Float, silu: Bool = false
    ) -> Variable {
        let (y, statistics) = GroupNorm.forward(
            value, gamma: gamma.value, beta: beta.value, groups: groups, epsilon: epsilon, silu: silu)
        return Variable.recorded(y, inputs: [self, gamma, beta]) { [value] dy in
            let (dx, dgamma, dbeta) = GroupNorm.backward(
                value, gamma: gamma.value, beta: beta.value, statistics: statistics, gradient: dy, silu: silu)
            return [dx, dgamma, dbeta]
        }
    }

    /// LayerNorm over the last axis.
    public func layerNormalized(gamma: Variable, beta: Variable, epsilon: Float) -> Variable {
        let (y, statistics) = LayerNorm.forward(
            value, gamma: gamma.value, beta: beta.value, epsilon: epsilon)
        return Variable.recorded(y, inputs: [self, gamma, beta]) { [value] dy in
            let (dx, dgamma, dbeta) = LayerNorm.backward(
                value, gamma: gamma.value, statistics: statistics, gradient: dy)
            return [dx, dgamma, dbeta]
        }
    }

    /// Softmax over the last axis.
    public func softmax() -> Variable {
        let y = Softmax.forward(value)
        return Variable.recorded(y, inputs: [self]) { dy in [Softmax.backward(y, gradient: dy)] }
    }

    /// Attention of `heads` heads: queries [N, L, C], keys and values [N, S, C] to [N, L, C]. Head h reads channels
    /// h C / heads ..< (h + 1) C / heads.
    public static func attention(queries: Variable, keys: Variable, values: Variable, heads: Int) -> Variable {
        if !records([queries, keys, values]) {
            return Variable(
                DotProductAttention.forward(
                    queries: queries.value, keys: keys.value, values: values.value, heads: heads))
        }
        func split(_ x: Variable) -> Variable {
            let (batch, length, channels) = (x.shape[0], x.shape[1], x.shape[2])
            return x.transposed().reshaped([batch * heads, channels / heads, length]).transposed()
        }
        let mixed = attention(queries: split(queries), keys: split(keys), values: split(values))
        let (batch, length, channels) = (queries.shape[0], queries.shape[1], values.shape[2])
        return mixed.transposed().reshaped([batch, channels, length]).transposed()
    }

    /// softmax(Q Kᵀ / √D) V for queries [B, L, D], keys and values [B, S, D]; heads are part of B.
    public static func attention(queries: Variable, keys: Variable, values: Variable) -> Variable {
        if !records([queries, keys, values]) {
            return Variable(
                DotProductAttention.forward(queries: queries.value, keys: keys.value, values: values.value, heads: 1))
        }
        let scale = 1 / Float(queries.shape[2]).squareRoot()
        return queries.matrixProduct(keys, transposeB: true, scale: scale).softmax().matrixProduct(values)
    }
}
