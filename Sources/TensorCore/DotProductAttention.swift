import COpenBLAS

/// Scaled dot-product attention without the full matrix of scores: a block of queries at a time, so that scores stay in
/// the cache. Heads are read where they lie, as columns of [N, L, C].
public enum DotProductAttention {
    /// Scores of one block: 1 MiB.
    private static let blockScores = 1 << 18

    /// softmax(Q Kᵀ / √D) V for each of `heads` heads: queries [N, L, H D], keys [N, S, H D], values [N, S, H E] to
    /// [N, L, H E].
    public static func forward(queries: Tensor, keys: Tensor, values: Tensor, heads: Int) -> Tensor {
        for tensor in [queries, keys, values] { tensor.requireRank(3, "attention") }
        let (batch, length, width) = (queries.shape[0], queries.shape[1], queries.shape[2])
        let (source, valueWidth) = (keys.shape[1], values.shape[2])
        require(
            heads > 0 && width % heads == 0 && valueWidth % heads == 0 && keys.shape == [batch, source, width]
                && values.shape[0] == batch && values.shape[1] == source && source > 0,
            "TensorCore: attention of \(heads) heads, queries \(queries.shape), keys \(keys.shape), "
                + "values \(values.shape)")
        let result = Tensor(uninitialized: [batch, length, valueWidth])
        guard result.count > 0 else { return result }
        BLAS.prepare()
        let rows = min(length, max(16, blockScores / source)), depth = width / heads, share = valueWidth / heads
        let scores = Tensor(uninitialized: [rows, source])
        let scale = 1 / Float(depth).squareRoot()
        for image in 0..<batch {
            for head in 0..<heads {
                let k = keys.pointer + image * source * width + head * depth
                let v = values.pointer + image * source * valueWidth + head * share
                for first in stride(from: 0, to: length, by: rows) {
                    let count = min(rows, length - first)
                    let q = queries.pointer + (image * length + first) * width + head * depth
                    let y = result.pointer + (image * length + first) * valueWidth + head * share
                    cblas_sgemm(
                        CblasRowMajor, CblasNoTrans, CblasTrans, blasint(count), blasint(source), blasint(depth),
                        scale, q, blasint(width), k, blasint(width), 0, scores.pointer, blasint(source))
                    Softmax.inPlace(scores, rows: count)
                    cblas_sgemm(
                        CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(count), blasint(share), blasint(source), 1,
                        scores.pointer, blasint(source), v, blasint(valueWidth), 0, y, blasint(valueWidth))
                }
            }
        }
        return result
    }
}
