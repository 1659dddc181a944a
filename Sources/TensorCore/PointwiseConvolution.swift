import CKernels
import COpenBLAS

/// Convolution with windows of 1x1 as matrix products on the layout as it is: Y = W X for each image, with X [C, HW].
enum PointwiseConvolution {
    /// - Parameters:
    ///   - bias: [O] or [N, O].
    ///   - adding: of the result's shape.
    static func forward(_ x: Tensor, weights: Tensor, bias: Tensor?, adding: Tensor?, into y: Tensor) {
        let (batch, inputs, outputs, pixels) = sizes(x.shape, weights.shape)
        // The product begins with the sums instead of with zeros, so they cost no pass of their own.
        let accumulate = bias != nil || adding != nil
        if accumulate { y.start(bias: bias, adding: adding) }
        for n in 0..<batch {
            product(
                weights.pointer, x.pointer + n * inputs * pixels, y.pointer + n * outputs * pixels, m: outputs,
                n: pixels, k: inputs, accumulate: accumulate)
        }
    }

    /// dX = Wᵀ dY
    static func backwardData(_ dy: Tensor, weights: Tensor, into dx: Tensor) {
        let (batch, inputs, outputs, pixels) = sizes(dx.shape, weights.shape)
        for n in 0..<batch {
            product(
                weights.pointer, dy.pointer + n * outputs * pixels, dx.pointer + n * inputs * pixels, m: inputs,
                n: pixels, k: outputs, transposeA: true)
        }
    }

    /// dW = Σ dY Xᵀ over the batch, db = Σ dY.
    static func backwardWeights(_ x: Tensor, gradient dy: Tensor, weights dw: Tensor, bias db: Tensor) {
        let (batch, inputs, outputs, pixels) = sizes(x.shape, dw.shape)
        if batch == 0 { rk_fill(dw.pointer, 0, Int64(dw.count)) }
        for n in 0..<batch {
            product(
                dy.pointer + n * outputs * pixels, x.pointer + n * inputs * pixels, dw.pointer, m: outputs, n: inputs,
                k: pixels, transposeB: true, accumulate: n > 0)
        }
        db.copyInPlace(from: dy.summedOverInner().summedOverOuter())
    }

    private static func sizes(_ input: [Int], _ weights: [Int]) -> (Int, Int, Int, Int) {
        (input[0], input[1], weights[0], input[2] * input[3])
    }

    private static func product(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, m: Int, n: Int, k: Int,
        transposeA: Bool = false, transposeB: Bool = false, accumulate: Bool = false
    ) {
        BLAS.prepare()
        cblas_sgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
            blasint(m), blasint(n), blasint(k), 1, a, blasint(transposeA ? m : k), b, blasint(transposeB ? k : n),
            accumulate ? 1 : 0, y, blasint(n))
    }
}
