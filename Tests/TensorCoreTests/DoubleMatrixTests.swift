import TensorCore
import Testing

@Suite struct DoubleMatrixTests {
    private func value(_ i: Int) -> Double { Double((i * 7919 + 13) % 101) / 50 - 1 }

    private func matrix(_ rows: Int, _ columns: Int) -> DoubleMatrix {
        DoubleMatrix(rows: rows, columns: columns, values: (0..<(rows * columns)).map(value))
    }

    @Test(arguments: [(false, false), (true, false), (false, true), (true, true)])
    func productMatchesThreeLoops(_ transposed: Bool, _ otherTransposed: Bool) {
        let (m, k, n) = (3, 5, 4)
        let a = transposed ? matrix(k, m) : matrix(m, k), b = otherTransposed ? matrix(n, k) : matrix(k, n)
        let product = a.product(b, transposed: transposed, otherTransposed: otherTransposed)
        for i in 0..<m {
            for j in 0..<n {
                let expected = (0..<k).reduce(0.0) { sum, l in
                    sum + (transposed ? a.values[l * m + i] : a.values[i * k + l])
                        * (otherTransposed ? b.values[j * k + l] : b.values[l * n + j])
                }
                #expect(abs(product.values[i * n + j] - expected) < 1e-12)
            }
        }
    }

    @Test func eigenvectorsGiveTheMatrixBack() throws {
        let size = 6, a = matrix(size, size)
        let symmetric = DoubleMatrix(
            rows: size, columns: size,
            values: (0..<36).map { a.values[$0] + a.values[$0 % size * size + $0 / size] })
        let eigen = try #require(symmetric.symmetricEigen(wantsVectors: true))
        let vectors = try #require(eigen.vectors)
        #expect(eigen.values == eigen.values.sorted())
        for i in 0..<36 {
            let sum = (0..<size).reduce(0.0) {
                $0 + eigen.values[$1] * vectors.values[$1 * size + i / size] * vectors.values[$1 * size + i % size]
            }
            #expect(abs(sum - symmetric.values[i]) < 1e-12)
        }
        let alone = try #require(symmetric.symmetricEigen(wantsVectors: false))
        #expect(zip(alone.values, eigen.values).allSatisfy { abs($0 - $1) < 1e-12 })
    }

    @Test func elementsThatAreNotFiniteHaveNoEigenvalues() {
        let matrix = DoubleMatrix(rows: 2, columns: 2, values: [1, .nan, .nan, 1])
        #expect(matrix.symmetricEigen(wantsVectors: false) == nil)
    }
}
