import Foundation
import Inpainting
import Testing

@Suite struct BiharmonicFillTests {
    /// A wavy plane with noise, `[height, width]`.
    private func wavy(_ width: Int, _ height: Int, noise: Double = 0.05) -> [Double] {
        var random = TestRandom(7)
        return (0..<(width * height)).map { i in
            let (x, y) = (Double(i % width), Double(i / width))
            return 0.5 + 0.3 * sin(x * 0.21) * cos(y * 0.17) + noise * (Double(random.next() >> 40) / 0x1p24 - 0.5)
        }
    }

    /// Hole shapes that differ in what is hard about them.
    private static let shapes = ["box", "corner", "strokes", "specks", "ring", "all but a pixel"]

    private func hole(_ shape: String, _ width: Int, _ height: Int) -> [Bool] {
        (0..<(width * height)).map { i in
            let (x, y) = (i % width, i / width)
            switch shape {
            case "box": return x >= 4 && x < width - 5 && y >= 3 && y < height - 6
            case "corner": return x < width / 2 && y >= height / 3
            case "strokes": return abs(x - y) <= 1 || abs(x - width / 2) <= 1
            case "specks": return (x * 7 + y * 13) % 11 == 0
            case "ring": return (25...100).contains((x - width / 2) * (x - width / 2) + (y - 12) * (y - 12))
            default: return x != 3 || y != 2
            }
        }
    }

    @Test(arguments: shapes, [Float(0), 0.25])
    func solverMatchesADirectSolveInDoublePrecision(shape: String, tension: Float) {
        let (width, height) = (27, 22)
        let hole = hole(shape, width, height)
        let plane = wavy(width, height)
        let exact = DirectPlate.solve(plane, hole: hole, width: width, height: height, tension: Double(tension))
        var pixels = zip(plane, hole).map { $1 ? 0.5 : Float($0) }
        let solver = PlateSolver(hole: hole, width: width, height: height, tension: tension)
        let (iterations, error) = pixels.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.map { solver.solve($0, rowStride: width, tolerance: 1e-5) } ?? (0, .infinity)
        }
        let worst = zip(pixels, exact).map { abs(Double($0) - $1) }.max() ?? .infinity
        #expect(error <= 1e-5, "did not converge in \(iterations) iterations")
        #expect(worst < 1e-4, "\(shape), tension \(tension): off by \(worst) after \(iterations) iterations")
    }

    @Test func iterationsHardlyGrowWithTheHole() {
        func iterations(_ side: Int) -> Int {
            let hole = (0..<(side * side)).map { i in
                min(i % side, i / side, side - 1 - i % side, side - 1 - i / side) >= 8
            }
            var pixels = zip(wavy(side, side), hole).map { $1 ? 0.5 : Float($0) }
            let solver = PlateSolver(hole: hole, width: side, height: side, tension: 0.25)
            return pixels.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.map { solver.solve($0, rowStride: side, tolerance: 1e-4).iterations } ?? 0
            }
        }
        let (small, large) = (iterations(64), iterations(528))
        #expect(small > 0 && large <= small + 4, "\(small) iterations at 48 pixels, \(large) at 512")
    }

    @Test func fillOfALargeHoleSatisfiesItsEquations() {
        // The residual of a solution that is off by e is about 64 e at most: rounding alone leaves 1e-6 here.
        let side = 528
        let hole = (0..<(side * side)).map { i in (8..<520).contains(i % side) && (8..<520).contains(i / side) }
        var pixels = zip(wavy(side, side), hole).map { $1 ? 0.5 : Float($0) }
        let solver = PlateSolver(hole: hole, width: side, height: side, tension: 0.25)
        let before = pixels.withUnsafeMutableBufferPointer { solver.residual($0.baseAddress!, rowStride: side) }
        let after = pixels.withUnsafeMutableBufferPointer { buffer in
            _ = solver.solve(buffer.baseAddress!, rowStride: side, tolerance: 1e-6)
            return solver.residual(buffer.baseAddress!, rowStride: side)
        }
        let exact = DirectPlate.residual(
            pixels.map(Double.init), hole: hole, width: side, height: side, tension: 0.25)
        #expect(before > 0.1)
        #expect(after < 1e-5)
        #expect(exact < 1e-5)
    }

    @Test func withoutTensionItIsTheBiharmonicFillOfScikitImage() {
        // import numpy as np; from skimage.restoration import inpaint_biharmonic   (scikit-image 0.26.0)
        // y, x = np.mgrid[0:20, 0:24]
        // mask = ((x >= 8) & (x < 15) & (y >= 14)) | ((x == 3) & (y > 2) & (y < 9))
        // out = inpaint_biharmonic(0.5 + 0.2 * np.sin(x * 0.3) * np.cos(y * 0.2), mask)
        // [out[p] for p in ((14, 8), (16, 11), (19, 11), (19, 14), (5, 3))]
        let golden: [(y: Int, x: Int, value: Float)] = [
            (14, 8, 0.3733209), (16, 11, 0.5283456), (19, 11, 0.5261369), (19, 14, 0.6418058), (5, 3, 0.5844289),
        ]
        let (width, height) = (24, 20)
        var pixels = [Float](repeating: 0, count: width * height)
        var mask = [UInt8](repeating: 0, count: width * height)
        for y in 0..<height {
            for x in 0..<width {
                pixels[y * width + x] = Float(0.5 + 0.2 * sin(Double(x) * 0.3) * cos(Double(y) * 0.2))
                let isHole = ((8..<15).contains(x) && y >= 14) || (x == 3 && (3..<9).contains(y))
                mask[y * width + x] = isHole ? 255 : 0
            }
        }
        let filled = BiharmonicFill.fill(
            pixels, channels: 1, width: width, height: height, mask: mask, tolerance: 1e-6, tension: 0)
        for point in golden {
            #expect(abs(filled[point.y * width + point.x] - point.value) < 2e-5, "at \(point.x), \(point.y)")
        }
    }

    @Test func knownPixelsStayToTheBitAndFillsStayInTheRangeOfTheRim() {
        var random = TestRandom(3)
        for _ in 0..<50 {
            let (width, height) = (random.int(2...60), random.int(1...60))
            var mask = [UInt8](repeating: 0, count: width * height)
            for _ in 0..<random.int(1...8) {
                let (x, y) = (random.int(0...(width - 1)), random.int(0...(height - 1)))
                for v in y..<min(height, y + random.int(1...20)) {
                    for u in x..<min(width, x + 9) { mask[v * width + u] = 255 }
                }
            }
            let pixels = (0..<(3 * width * height)).map { _ in Float(random.next() >> 40) / 0x1p24 }
            let filled = BiharmonicFill.fill(pixels, channels: 3, width: width, height: height, mask: mask)
            for channel in 0..<3 {
                let offset = channel * width * height
                let known = (0..<mask.count).filter { mask[$0] == 0 }.map { pixels[offset + $0] }
                for i in 0..<mask.count {
                    if mask[i] == 0 || known.isEmpty {
                        #expect(filled[offset + i].bitPattern == pixels[offset + i].bitPattern)
                    } else {
                        #expect(filled[offset + i] >= known.min()! && filled[offset + i] <= known.max()!)
                    }
                }
            }
        }
    }

    @Test func whatTheHoleHeldBeforeDoesNotMatter() {
        let mask = (0..<(40 * 30)).map { i in UInt8((10..<25).contains(i % 40) && i / 40 > 12 ? 255 : 0) }
        let plane = wavy(40, 30).map(Float.init)
        let dirty = zip(plane, mask).map { $1 == 0 ? $0 : Float.nan }
        let first = BiharmonicFill.fill(plane, channels: 1, width: 40, height: 30, mask: mask)
        let second = BiharmonicFill.fill(dirty, channels: 1, width: 40, height: 30, mask: mask)
        #expect(first == second)
    }

    @Test func concurrentFillsGiveTheSameBits() async {
        let mask = (0..<(128 * 128)).map { i in
            UInt8((30..<90).contains(i % 128) && (40..<80).contains(i / 128) ? 255 : 0)
        }
        let plane = wavy(128, 128).map(Float.init)
        let expected = BiharmonicFill.fill(plane, channels: 1, width: 128, height: 128, mask: mask)
        await withTaskGroup(of: [Float].self) { group in
            for _ in 0..<8 {
                group.addTask { BiharmonicFill.fill(plane, channels: 1, width: 128, height: 128, mask: mask) }
            }
            for await filled in group { #expect(filled == expected) }
        }
    }
}
