import COpenBLAS

/// A dense matrix of doubles in row-major order, for statistics whose small numbers must not drown in fp32.
public struct DoubleMatrix: Sendable {
    public let rows: Int
    public let columns: Int
    /// `rows * columns` elements.
    public var values: [Double]

    public init(rows: Int, columns: Int, values: [Double]) {
        require(
            rows >= 0 && columns >= 0 && values.count == rows * columns,
            "TensorCore: \(values.count) values for a \(rows)x\(columns) matrix")
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    /// op(self) op(other), through OpenBLAS' dgemm.
    public func product(_ other: DoubleMatrix, transposed: Bool = false, otherTransposed: Bool = false) -> DoubleMatrix
    {
        let (m, k) = transposed ? (columns, rows) : (rows, columns)
        let (k2, n) = otherTransposed ? (other.columns, other.rows) : (other.rows, other.columns)
        require(k == k2, "TensorCore: product of \(rows)x\(columns) and \(other.rows)x\(other.columns) matrices")
        var result = DoubleMatrix(rows: m, columns: n, values: [Double](repeating: 0, count: m * n))
        guard m > 0, n > 0, k > 0 else { return result }
        BLAS.prepare()
        cblas_dgemm(
            CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, otherTransposed ? CblasTrans : CblasNoTrans,
            blasint(m), blasint(n), blasint(k), 1, values, blasint(columns), other.values, blasint(other.columns), 0,
            &result.values, blasint(n))
        return result
    }

    /// Eigenvalues, smallest first, and eigenvectors in the rows of `vectors`, of a symmetric matrix (LAPACK's dsyevd;
    /// only the lower triangle is read). Nil where LAPACK did not converge, as with elements that are not finite.
    public func symmetricEigen(wantsVectors: Bool) -> (values: [Double], vectors: DoubleMatrix?)? {
        require(rows == columns, "TensorCore: eigenvalues of a \(rows)x\(columns) matrix")
        guard values.allSatisfy(\.isFinite) else { return nil }
        guard rows > 0 else { return ([], wantsVectors ? self : nil) }
        BLAS.prepare()
        var job = CChar(UInt8(ascii: wantsVectors ? "V" : "N"))
        // Row-major lower is column-major upper.
        var triangle = CChar(UInt8(ascii: "U"))
        var order = blasint(rows), status = blasint(0), workSize = blasint(-1), integerSize = blasint(-1)
        var matrix = values
        var eigenvalues = [Double](repeating: 0, count: rows)
        var work = [0.0]
        var integers = [blasint(0)]
        // The first call asks for the sizes of the work space, the second one works.
        for _ in 0..<2 {
            dsyevd_(
                &job, &triangle, &order, &matrix, &order, &eigenvalues, &work, &workSize, &integers, &integerSize,
                &status)
            guard status == 0 else { return nil }
            if workSize == -1 {
                (workSize, integerSize) = (blasint(work[0]), integers[0])
                work = [Double](repeating: 0, count: Int(workSize))
                integers = [blasint](repeating: 0, count: Int(integerSize))
            }
        }
        // LAPACK leaves vector i in column i of its column-major matrix, which is row i here.
        return (eigenvalues, wantsVectors ? DoubleMatrix(rows: rows, columns: rows, values: matrix) : nil)
    }
}
