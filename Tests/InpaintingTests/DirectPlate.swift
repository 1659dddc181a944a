/// The plate equations in double precision, by the book: the oracle of `PlateSolver`.
enum DirectPlate {
    /// (L u)(x, y) for the graph Laplacian: sum over the neighbours inside of the picture of u(x, y) - u(neighbour).
    private static func laplacian(_ u: [Double], _ width: Int, _ height: Int) -> [Double] {
        (0..<u.count).map { i in
            let (x, y) = (i % width, i / width)
            var sum = 0.0
            if x > 0 { sum += u[i] - u[i - 1] }
            if x + 1 < width { sum += u[i] - u[i + 1] }
            if y > 0 { sum += u[i] - u[i - width] }
            if y + 1 < height { sum += u[i] - u[i + width] }
            return sum
        }
    }

    private static func apply(_ u: [Double], _ width: Int, _ height: Int, _ tension: Double) -> [Double] {
        let first = laplacian(u, width, height)
        let second = laplacian(first, width, height)
        return zip(first, second).map { tension * $0 + $1 }
    }

    /// Largest entry of (L L + tension L) u over the hole.
    static func residual(_ u: [Double], hole: [Bool], width: Int, height: Int, tension: Double) -> Double {
        zip(apply(u, width, height, tension), hole).map { $1 ? abs($0) : 0 }.max() ?? 0
    }

    /// Cholesky decomposition of the dense system, one column of it per unit vector.
    static func solve(_ plane: [Double], hole: [Bool], width: Int, height: Int, tension: Double) -> [Double] {
        let unknowns = hole.indices.filter { hole[$0] }
        let n = unknowns.count
        var a = [Double](repeating: 0, count: n * n)
        for (column, pixel) in unknowns.enumerated() {
            var unit = [Double](repeating: 0, count: plane.count)
            unit[pixel] = 1
            let image = apply(unit, width, height, tension)
            for (row, other) in unknowns.enumerated() { a[row * n + column] = image[other] }
        }
        let known = zip(plane, hole).map { $1 ? 0 : $0 }
        let right = apply(known, width, height, tension)
        var b = unknowns.map { -right[$0] }
        for j in 0..<n {
            for k in 0..<j {
                let factor = a[j * n + k]
                if factor == 0 { continue }
                for i in j..<n { a[i * n + j] -= a[i * n + k] * factor }
            }
            let pivot = a[j * n + j].squareRoot()
            for i in j..<n { a[i * n + j] /= pivot }
        }
        for i in 0..<n {
            for k in 0..<i { b[i] -= a[i * n + k] * b[k] }
            b[i] /= a[i * n + i]
        }
        for i in stride(from: n - 1, through: 0, by: -1) {
            for k in (i + 1)..<max(n, i + 1) { b[i] -= a[k * n + i] * b[k] }
            b[i] /= a[i * n + i]
        }
        var result = plane
        for (value, pixel) in zip(b, unknowns) { result[pixel] = value }
        return result
    }
}
