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

    /// a bᵀ + bias + addend for matrices a [M, K] and b [N, K], as a linear layer computes it.
    /// - Parameters:
    ///   - a: [M, K].
    ///   - b: [N, K].
    ///   - bias: [N], of every row.
    ///   - addend: [M, N].
    public static func linear(_ a: Tensor, _ b: Tensor, bias: Tensor?, adding addend: Tensor? = nil) -> Tensor {
        a.requireRank(2, "linear")
        b.requireRank(2, "linear")
        let (m, n, k) = (a.shape[0], b.shape[0], a.shape[1])
        require(
            k == b.shape[1] && bias.map { $0.shape == [n] } ?? true && addend.map { $0.shape == [m, n] } ?? true,
            "TensorCore: linear layer of \(a.shape) with weights \(b.shape), bias \(bias?.shape ?? []) and addend "
                + "\(addend?.shape ?? [])")
        BLAS.prepare()
        let y = Tensor(uninitialized: [m, n]), accumulate = bias != nil || addend != nil || k == 0
        // The product begins with the sums instead of with zeros, so they cost no pass of their own.
        if accumulate { y.start(bias: bias, adding: addend) }
        gemm(
            a.pointer, b.pointer, y.pointer, m: m, n: n, k: k, transposeA: false, transposeB: true, scale: 1,
            accumulate: accumulate)
        return y
    }

    private static func gemm(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, m: Int, n: Int, k: Int,
        transposeA: Bool, transposeB: Bool, scale: Float, accumulate: Bool = false
    ) {
        guard m > 0, n > 0 else { return }
        guard k > 0 else {
            if !accumulate { y.update(repeating: 0, count: m * n) }
            return
        }
        cblas_sgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
            blasint(m), blasint(n), blasint(k), scale, a, blasint(transposeA ? m : k), b,
            blasint(transposeB ? k : n), accumulate ? 1 : 0, y, blasint(n))
    }
}
