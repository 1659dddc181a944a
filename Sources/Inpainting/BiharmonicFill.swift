/// Fills the holes of a picture with smooth surfaces: the pre-fill, whose error is what the network predicts.
///
/// The fill is the thin plate in tension that continues the known pixels, `PlateSolver`. Without tension it is the
/// biharmonic fill of scikit-image; with the default tension it keeps the biharmonic's smooth joint at the rim and
/// behaves like the membrane (harmonic fill) two pixels further in, where the biharmonic overshoots.
///
/// ```swift
/// let filled = BiharmonicFill.fill(pixels, channels: 3, width: 128, height: 128, mask: mask)
/// ```
public enum BiharmonicFill {
    /// Weight of stretching against bending, in 1 / pixel^2: 1/4, so that bending rules below 2 pixels.
    public static let defaultTension: Float = 0.25
    /// Error per pixel below a tenth of an 8-bit step.
    public static let defaultTolerance: Float = 4e-4
    /// Error per pixel below an 8-bit step: for training, where millions of crops are filled.
    public static let trainingTolerance: Float = 3e-3

    /// Fills masked pixels in place; all others stay as they are, to the bit.
    ///
    /// May be called from many threads at once, on different pixels. What the hole holds before does not matter.
    /// A picture without a known pixel stays as it is.
    ///
    /// - Parameters:
    ///   - pixels: planar `[channels, height, width]`, 0...1.
    ///   - channels: how many, each filled by itself.
    ///   - width: in pixels.
    ///   - height: in pixels.
    ///   - mask: `[height, width]`, 255 = hole (as is everything but 0).
    ///   - tolerance: largest error against the exact solution in any pixel, estimated.
    ///   - tension: 0 = biharmonic; see ``defaultTension``.
    /// - Returns: the largest error left, as estimated: above `tolerance` only where the solver gave up.
    @discardableResult
    public static func fill(
        _ pixels: UnsafeMutableBufferPointer<Float>, channels: Int, width: Int, height: Int,
        mask: UnsafeBufferPointer<UInt8>, tolerance: Float = defaultTolerance, tension: Float = defaultTension
    ) -> Float {
        precondition(width > 0 && height > 0 && channels > 0, "an empty picture")
        precondition(pixels.count == channels * width * height, "pixels do not match their size")
        precondition(mask.count == width * height, "mask does not match its size")
        guard let base = pixels.baseAddress else { return 0 }
        var error: Float = 0
        for component in HoleComponent.find(in: mask, width: width, height: height, reach: reach) {
            let left = fill(
                component, base, channels: channels, width: width, height: height, tolerance: tolerance,
                tension: tension)
            error = max(error, left)
        }
        return error
    }

    /// The same on arrays: returns the filled picture.
    public static func fill(
        _ pixels: [Float], channels: Int, width: Int, height: Int, mask: [UInt8],
        tolerance: Float = defaultTolerance, tension: Float = defaultTension
    ) -> [Float] {
        var result = pixels
        result.withUnsafeMutableBufferPointer { pixels in
            mask.withUnsafeBufferPointer { mask in
                _ = fill(
                    pixels, channels: channels, width: width, height: height, mask: mask, tolerance: tolerance,
                    tension: tension)
            }
        }
        return result
    }

    /// How far the equation of one pixel reaches.
    private static let reach = 2

    private static func fill(
        _ component: HoleComponent, _ pixels: UnsafeMutablePointer<Float>, channels: Int, width: Int, height: Int,
        tolerance: Float, tension: Float
    ) -> Float {
        let box = component.box.grown(by: reach, imageWidth: width, imageHeight: height)
        var hole = [Bool](repeating: false, count: box.width * box.height)
        for run in component.runs {
            let row = (run.y - box.y) * box.width - box.x
            for x in run.from..<run.to { hole[row + x] = true }
        }
        let solver = PlateSolver(hole: hole, width: box.width, height: box.height, tension: tension)
        var error: Float = 0
        for channel in 0..<channels {
            let plane = pixels + channel * width * height + box.y * width + box.x
            guard let rim = Rim(component, hole: hole, box: box, plane: plane, rowStride: width) else { return 0 }
            for run in component.runs {
                let row = plane + (run.y - box.y) * width - box.x
                for x in run.from..<run.to { row[x] = rim.mean }
            }
            let (_, left) = solver.solve(plane, rowStride: width, tolerance: tolerance)
            error = max(error, left)
            for run in component.runs {
                let row = plane + (run.y - box.y) * width - box.x
                for x in run.from..<run.to { row[x] = min(max(row[x], rim.low), rim.high) }
            }
        }
        return error
    }

    /// Mean and range of the known pixels that the equations of a hole see in one channel. The surface stays within
    /// their range: what lies outside of it is overshoot.
    private struct Rim {
        var mean: Float
        var low: Float
        var high: Float

        init?(
            _ component: HoleComponent, hole: [Bool], box: PixelBox, plane: UnsafeMutablePointer<Float>, rowStride: Int
        ) {
            var sum = 0.0
            var count = 0
            var low = Float.infinity
            var high = -Float.infinity
            func take(_ x: Int, _ y: Int) {
                guard x >= 0, y >= 0, x < box.width, y < box.height, !hole[y * box.width + x] else { return }
                let value = plane[y * rowStride + x]
                sum += Double(value)
                count += 1
                low = min(low, value)
                high = max(high, value)
            }
            for run in component.runs {
                let y = run.y - box.y
                for distance in 1...reach {
                    take(run.from - box.x - distance, y)
                    take(run.to - box.x - 1 + distance, y)
                }
                for x in (run.from - box.x)..<(run.to - box.x) {
                    for distance in 1...reach {
                        take(x, y - distance)
                        take(x, y + distance)
                    }
                }
            }
            guard count > 0 else { return nil }
            (mean, self.low, self.high) = (Float(sum / Double(count)), low, high)
        }
    }
}
