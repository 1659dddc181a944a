import NaiveOracle
import TensorCore
import Testing

@Suite("MatrixProduct")
struct MatrixProductTests {
    @Test(
        "batched agrees with the definition for all four transpositions",
        arguments: [false, true], [false, true])
    func batched(transposeA: Bool, transposeB: Bool) {
        for (batch, m, n, k) in [(1, 1, 1, 1), (3, 5, 7, 3), (2, 17, 4, 33), (1, 64, 65, 63), (5, 1, 9, 2)] {
            let a = NaiveTensor(random: transposeA ? [batch, k, m] : [batch, m, k], seed: 1)
            let b = NaiveTensor(random: transposeB ? [batch, n, k] : [batch, k, n], seed: 2)
            for scale in [1, 0.25] {
                let expected = a.matrixProduct(b, transposeA: transposeA, transposeB: transposeB, scale: scale)
                let y = MatrixProduct.batched(
                    Tensor(a), Tensor(b), transposeA: transposeA, transposeB: transposeB, scale: Float(scale))
                #expect(y.shape == [batch, m, n])
                #expect(Deviation.relative(y.values, expected) < 2e-6, "\(batch) x \(m) x \(n) x \(k)")
            }
        }
    }

    @Test("of multiplies two matrices", arguments: [false, true], [false, true])
    func ofTwo(transposeA: Bool, transposeB: Bool) {
        let a = NaiveTensor(random: transposeA ? [3, 5] : [5, 3], seed: 1)
        let b = NaiveTensor(random: transposeB ? [7, 3] : [3, 7], seed: 2)
        let expected = a.reshaped([1] + a.shape).matrixProduct(
            b.reshaped([1] + b.shape), transposeA: transposeA, transposeB: transposeB)
        let y = MatrixProduct.of(Tensor(a), Tensor(b), transposeA: transposeA, transposeB: transposeB)
        #expect(y.shape == [5, 7])
        #expect(Deviation.relative(y.values, expected) < 1e-6)
    }

    @Test("an empty inner axis gives zeros, an empty outer one gives nothing")
    func emptyAxes() {
        let inner = MatrixProduct.batched(Tensor([], shape: [2, 3, 0]), Tensor([], shape: [2, 0, 4]))
        #expect(inner.shape == [2, 3, 4] && inner.values.allSatisfy { $0 == 0 })
        #expect(
            MatrixProduct.batched(Tensor([], shape: [2, 0, 3]), Tensor(repeating: 1, shape: [2, 3, 4])).count == 0)
        #expect(MatrixProduct.batched(Tensor([], shape: [0, 2, 3]), Tensor([], shape: [0, 3, 4])).shape == [0, 2, 4])
    }

    @Test("the kernels in use fit the CPU")
    func coreType() {
        #expect(!BLAS.coreType.inUse.isEmpty)
        // A CPU with AVX2 must not run the kernels of a 2004 Pentium, which OpenBLAS 0.3.21 picks for newer ones.
        if BLAS.coreType.wasCorrected { #expect(BLAS.coreType.inUse != "Prescott") }
    }
}
