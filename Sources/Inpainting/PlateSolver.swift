import CKernels

/// Fills one hole with the surface of least bending and stretching: the minimum over the hole's pixels u of
///
///     sum |L u|^2 + tension * sum |grad u|^2,    L = the 5-point Laplacian, no flux through the image border.
///
/// Its equations are `(L L + tension L) u = 0` in the hole. With tension 0 that is the clamped biharmonic equation with
/// the 13-point stencil, row for row the system of `skimage.restoration.inpaint_biharmonic` (whose shrunken stencils at
/// the border are those of L L, too).
///
/// Solver: conjugate gradients, preconditioned by one symmetric multigrid V-cycle: Chebyshev smoothing, bi-quadratic
/// spline transfers (a pair of order 3, since the equation is of order 4), the same equation re-discretised on coarser
/// cells. With the default tension the number of iterations hardly depends on the size of the hole (7 at 48 pixels, 9
/// at 1024); without tension it grows (14 at 48 pixels, 45 at 512), since the clamped rim is coarser on coarser cells.
///
/// Not thread-safe: one instance for one thread at a time. Many instances may run at once.
package final class PlateSolver {
    private struct Level {
        let grid: PlateGrid
        let u: UnsafeMutablePointer<Float>
        let b: UnsafeMutablePointer<Float>
        let d: UnsafeMutablePointer<Float>
    }

    private let levels: [Level]
    private let x: UnsafeMutablePointer<Float>
    private let p: UnsafeMutablePointer<Float>
    private let q: UnsafeMutablePointer<Float>
    private var finest: PlateGrid { levels[0].grid }

    /// Steps of the smoother before and after each coarse correction, and on the coarsest level.
    private let smoothing: Int
    private let bottomSmoothing: Int

    /// - Parameters:
    ///   - hole: row-major, `width` x `height`, true = to be filled. Where a side is not the border of the image,
    ///     it must have two columns or rows of known pixels there, which is as far as the equation reaches.
    ///   - tension: 0 or more, in 1 / pixel^2.
    package init(hole: [Bool], width: Int, height: Int, tension: Float, smoothing: Int = 3, bottomSmoothing: Int = 12) {
        self.smoothing = smoothing
        self.bottomSmoothing = bottomSmoothing
        var levels: [Level] = []
        var grid = PlateGrid(width: width, height: height, bend: 1, tension: tension, hole: hole)
        while true {
            levels.append(Level(grid: grid, u: grid.makeField(), b: grid.makeField(), d: grid.makeField()))
            if grid.unknowns == 0 || (grid.width <= 2 && grid.height <= 2) { break }
            let coarser = grid.coarsened()
            if coarser.unknowns == 0 { break }
            grid = coarser
        }
        self.levels = levels
        x = levels[0].grid.makeField()
        p = levels[0].grid.makeField()
        q = levels[0].grid.makeField()
    }

    deinit {
        for level in levels {
            level.grid.release(level.u)
            level.grid.release(level.b)
            level.grid.release(level.d)
        }
        levels[0].grid.release(x)
        levels[0].grid.release(p)
        levels[0].grid.release(q)
    }

    /// Fills the hole of one channel in place.
    ///
    /// - Parameters:
    ///   - pixels: the rectangle's first pixel; hole pixels hold the first guess.
    ///   - rowStride: floats from row to row.
    ///   - tolerance: the largest error left in any pixel, as estimated by the preconditioner.
    /// - Returns: the number of iterations, and the estimate of the largest error that is left.
    package func solve(
        _ pixels: UnsafeMutablePointer<Float>, rowStride: Int, tolerance: Float, limit: Int = 200
    ) -> (iterations: Int, error: Float) {
        let grid = finest
        guard grid.unknowns > 0 else { return (0, 0) }
        load(pixels, rowStride: rowStride)
        let top = levels[0]
        var iterations = 0
        var error = Float.infinity
        grid.withKernel { kernel in
            rc_plate_residual(kernel, x, nil, top.b)
            var previous = 0.0
            while true {
                cycle(0)
                error = rc_plate_max(kernel, top.u)
                iterations += 1
                // The preconditioner's answer to the residual is a good guess of the error: stop by it, and use it.
                if !(error > tolerance) || iterations >= limit {
                    rc_plate_axpy(kernel, 1, top.u, x)
                    break
                }
                let energy = rc_plate_dot(kernel, top.b, top.u)
                rc_plate_xpby(kernel, top.u, previous > 0 ? Float(energy / previous) : 0, p)
                rc_plate_residual(kernel, p, nil, q)  // q = -A p
                let step = Float(-energy / rc_plate_dot(kernel, p, q))
                guard step.isFinite else { break }
                rc_plate_axpy(kernel, step, p, x)
                rc_plate_axpy(kernel, step, q, top.b)
                previous = energy
            }
        }
        store(pixels, rowStride: rowStride)
        return (iterations, error)
    }

    /// Largest entry of `(L L + tension L) u` over the hole, for tests; computed by the vector loops.
    package func residual(_ pixels: UnsafeMutablePointer<Float>, rowStride: Int) -> Float {
        load(pixels, rowStride: rowStride)
        return finest.withKernel { kernel in
            rc_plate_residual(kernel, x, nil, q)
            return rc_plate_max(kernel, q)
        }
    }

    // MARK: Multigrid

    /// u = an approximation of A^-1 b on level `index`, linear and symmetric in b.
    private func cycle(_ index: Int) {
        let level = levels[index]
        let isBottom = index + 1 == levels.count
        level.grid.withKernel { kernel in
            relax(level, kernel, steps: isBottom ? bottomSmoothing : smoothing, fromZero: true)
            if isBottom { return }
            let coarser = levels[index + 1]
            rc_plate_residual(kernel, level.u, level.b, level.d)
            coarser.grid.withKernel { rc_plate_restrict(kernel, $0, level.d, coarser.b) }
            cycle(index + 1)
            coarser.grid.withKernel { rc_plate_prolong(kernel, $0, coarser.u, level.u) }
            relax(level, kernel, steps: smoothing, fromZero: false)
        }
    }

    /// Chebyshev iteration on the part of the spectrum that the next level cannot see.
    ///
    /// L has eigenvalues 0...8, and those above 2 belong to waves that the coarse grid cannot carry.
    /// Saad, Iterative Methods for Sparse Linear Systems, algorithm 12.1.
    private func relax(_ level: Level, _ kernel: UnsafePointer<rc_plate_grid>, steps: Int, fromZero: Bool) {
        let grid = level.grid
        let high = 64 * grid.bend + 8 * grid.tension
        let low = 4 * grid.bend + 2 * grid.tension
        let centre = (high + low) / 2
        let radius = (high - low) / 2
        let sigma = centre / radius
        var rho = 1 / sigma
        if fromZero {
            rc_plate_relax_from_zero(kernel, level.u, level.b, level.d, 1 / centre)
        } else {
            rc_plate_relax(kernel, level.u, level.b, level.d, 1 / centre, 0)
        }
        for _ in 1..<max(1, steps) {
            let next = 1 / (2 * sigma - rho)
            rc_plate_relax(kernel, level.u, level.b, level.d, 2 * next / radius, next * rho)
            rho = next
        }
    }

    // MARK: Pixels

    private func load(_ pixels: UnsafeMutablePointer<Float>, rowStride: Int) {
        let grid = finest
        for y in -1...grid.height {
            let row = pixels + min(max(y, 0), grid.height - 1) * rowStride
            let target = x + y * grid.stride
            target.update(from: row, count: grid.width)
            target[-1] = row[0]
            target[grid.width] = row[grid.width - 1]
        }
    }

    private func store(_ pixels: UnsafeMutablePointer<Float>, rowStride: Int) {
        let grid = finest
        for y in 0..<grid.height {
            (pixels + y * rowStride).update(from: x + y * grid.stride, count: grid.width)
        }
    }
}
