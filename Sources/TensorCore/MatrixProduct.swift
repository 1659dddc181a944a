import COpenBLAS

/// Matrix products through OpenBLAS' sgemm.
public enum MatrixProduct {
    /// op(a) op(b) for batches of matrices: a is [B, M, K] (or [B, K, M] when `transposeA`), b is [B, K, N] (or
    /// [B, N, K] when `transposeB`), the result [B, M, N] times `scale`.
    public static func batched(
        _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false, scale: Float = 1
    ) -> Tensor {
        a.requireRank(3, "matrix product")
        b.requireRank(3, "matrix product")
        let (m, k) = transposeA ? (a.shape[2], a.shape[1]) : (a.shape[1], a.shape[2])
        let (k2, n) = transposeB ? (b.shape[2], b.shape[1]) : (b.shape[1], b.shape[2])
        require(
            k == k2 && a.shape[0] == b.shape[0],
            "TensorCore: matrix product of \(a.shape)\(transposeA ? "ᵀ" : "") and \(b.shape)\(transposeB ? "ᵀ" : "")")
        BLAS.prepare()
        let y = Tensor(uninitialized: [a.shape[0], m, n])
        for batch in 0..<a.shape[0] {
            gemm(
                a.pointer + batch * m * k, b.pointer + batch * k * n, y.pointer + batch * m * n, m: m, n: n, k: k,
                transposeA: transposeA, transposeB: transposeB, scale: scale)
        }
        return y
    }

    /// op(a) op(b) for two matrices.
    public static func of(_ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false) -> Tensor {
        a.requireRank(2, "matrix product")
        b.requireRank(2, "matrix product")
        let y = batched(
            a.reshaped([1] + a.shape), b.reshaped([1] + b.shape), transposeA: transposeA, transposeB: transposeB)
        return y.reshaped([y.shape[1], y.shape[2]])
    }

    private static func gemm(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, m: Int, n: Int, k: Int,
        transposeA: Bool, transposeB: Bool, scale: Float
    ) {
        guard m > 0, n > 0 else { return }
        guard k > 0 else { return y.update(repeating: 0, count: m * n) }
        cblas_sgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
            blasint(m), blasint(n), blasint(k), scale, a, blasint(transposeA ? m : k), b,
            blasint(transposeB ? k : n), 0, y, blasint(n))
    }
}
