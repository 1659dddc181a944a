import CKernels

/// Scaled dot-product attention without a matrix of scores: blocks of queries pass blocks of keys, whose scores stay in
/// the cache. Heads are read where they lie, as columns of [N, L, C].
public enum DotProductAttention {
    /// softmax(Q Kᵀ / √D) V for each of `heads` heads: queries [N, L, H D], keys [N, S, H D], values [N, S, H E] to
    /// [N, L, H E].
    public static func forward(queries: Tensor, keys: Tensor, values: Tensor, heads: Int) -> Tensor {
        for tensor in [queries, keys, values] { tensor.requireRank(3, "attention") }
        let (batch, length, width) = (queries.shape[0], queries.shape[1], queries.shape[2])
        let (source, valueWidth) = (keys.shape[1], values.shape[2])
        require(
            heads > 0 && width > 0 && width % heads == 0 && valueWidth % heads == 0
                && keys.shape == [batch, source, width] && values.shape[0] == batch && values.shape[1] == source
                && source > 0,
            "TensorCore: attention of \(heads) heads, queries \(queries.shape), keys \(keys.shape), "
                + "values \(values.shape)")
        let result = Tensor(uninitialized: [batch, length, valueWidth])
        guard result.count > 0 else { return result }
        var shape = rk_attention_shape(
            batch: Int64(batch), queries: Int64(length), keys: Int64(source), heads: Int64(heads),
            depth: Int64(width / heads), width: Int64(valueWidth / heads))
        let workspace = Tensor(uninitialized: [rk_attention_workspace_size(&shape)])
        rk_attention(
            &shape, queries.pointer, keys.pointer, values.pointer, result.pointer, workspace.pointer)
        return result
    }
}
