import Diffusion
import Layers
import TensorCore
import Testing

@Suite("CoarseToFine")
struct CoarseToFineTests {
    /// Noise with a hole in the middle; even sides that are no multiples of the network's once they are halved.
    private struct Picture {
        let width: Int, height: Int
        let prefill: Tensor, mask: Tensor

        init(width: Int, height: Int, hole: (width: Int, height: Int), count: Int = 1) {
            (self.width, self.height) = (width, height)
            var random = SeededRandom(seed: 8)
            prefill = Tensor(
                (0..<count * 3 * width * height).map { _ in random.uniform() }, shape: [count, 3, height, width])
            let left = (width - hole.width) / 2, top = (height - hole.height) / 2
            let plane = (0..<width * height).map { i -> Float in
                (top..<(top + hole.height)).contains(i / width) && (left..<(left + hole.width)).contains(i % width)
                    ? 1 : 0
            }
            mask = Tensor((0..<count).flatMap { _ in plane }, shape: [count, 1, height, width])
        }
    }

    private func pipeline() throws -> InpaintingPipeline {
        try InpaintingPipeline(folder: SmallModel.folder, weights: SmallModel.trained())
    }

    private func fill(_ pipeline: InpaintingPipeline, _ p: Picture, steps: Int = 1, coarseLevels: Int) -> [Float] {
        let run = pipeline.start(
            prefill: p.prefill, mask: p.mask, steps: steps, seed: 9, coarseLevels: coarseLevels)
        while run.completedSteps < run.totalSteps { run.step() }
        return run.tensor().values
    }

    @Test("a hole has a coarser pass where it is deep and the picture large enough")
    func levels() {
        func sides(_ p: Picture, most: Int = 2) -> [[Int]] {
            CoarseToFine.levels(prefill: p.prefill, mask: p.mask, multiple: 8, most: most).map(\.mask.shape)
        }
        let deep = Picture(width: 136, height: 128, hole: (60, 50))
        #expect(sides(deep) == [[1, 1, 128, 136], [1, 1, 64, 72], [1, 1, 32, 40]])
        #expect(sides(deep, most: 1).count == 2)
        #expect(sides(deep, most: 0).count == 1)
        // 10 pixels are 5 deep; 12 are 6, and 3 at half the resolution.
        #expect(sides(Picture(width: 136, height: 128, hole: (100, 10))).count == 1)
        #expect(sides(Picture(width: 136, height: 128, hole: (100, 12))).count == 2)
        #expect(sides(Picture(width: 136, height: 56, hole: (60, 40))).count == 1)
    }

    @Test("a run is a pass at each resolution, each from what the coarser one found")
    func cascade() throws {
        let pipeline = try pipeline(), p = Picture(width: 72, height: 64, hole: (37, 30)), rim = Float(12)
        #expect(pipeline.sizeMultiple == 8)
        // 36 columns are continued to 40 by the last one, as the network needs them.
        let (width, height) = (40, 32)
        func source(_ x: Int) -> (Int, Int) { (min(2 * x, p.width - 1), min(2 * x + 1, p.width - 1)) }
        var prefill: [Float] = [], mask: [Float] = []
        for (channels, values, isMask) in [(3, p.prefill.values, false), (1, p.mask.values, true)] {
            for channel in 0..<channels {
                for y in 0..<height {
                    for x in 0..<width {
                        let (left, right) = source(x)
                        let four = [2 * y, 2 * y + 1].flatMap { row in
                            [left, right].map { values[(channel * p.height + row) * p.width + $0] }
                        }
                        if isMask {
                            mask.append(four.contains(1) ? 1 : 0)
                        } else {
                            prefill.append(four.reduce(0, +) / 4)
                        }
                    }
                }
            }
        }
        let small = Tensor(prefill, shape: [1, 3, height, width])
        let smallMask = Tensor(mask, shape: [1, 1, height, width])
        let coarse = pipeline.start(prefill: small, mask: smallMask, steps: 1, seed: 9, coarseLevels: 0)
        coarse.step()
        let found = zip(coarse.tensor().values, prefill).map { $0 - $1 }
        let known = (0..<p.width * p.height).filter { p.mask.values[$0] == 0 }.map { ($0 % p.width, $0 / p.width) }
        let improved = p.prefill.values.enumerated().map { i, value -> Float in
            let (x, y) = (i % p.width, i / p.width % p.height), plane = i / (p.width * p.height) * height * width
            let depth = known.map { max(abs($0.0 - x), abs($0.1 - y)) }.min() ?? 0
            func sample(_ u: Float, _ v: Float) -> Float {
                let (column, row) = (Int(u.rounded(.down)), Int(v.rounded(.down)))
                func at(_ c: Int, _ r: Int) -> Float {
                    found[plane + min(max(r, 0), height - 1) * width + min(max(c, 0), width - 1)]
                }
                let (a, b) = (u - Float(column), v - Float(row))
                return (at(column, row) * (1 - a) + at(column + 1, row) * a) * (1 - b)
                    + (at(column, row + 1) * (1 - a) + at(column + 1, row + 1) * a) * b
            }
            return value + min(Float(depth) / rim, 1) * sample(Float(x) / 2 - 0.25, Float(y) / 2 - 0.25)
        }
        let last = pipeline.start(
            prefill: Tensor(improved, shape: p.prefill.shape), mask: p.mask, steps: 2, seed: 9, coarseLevels: 0)
        last.step()
        last.step()
        let expected = last.tensor().values, filled = fill(pipeline, p, steps: 2, coarseLevels: 2)
        #expect(zip(filled, expected).allSatisfy { abs($0 - $1) < 1e-4 })
        #expect(zip(filled, fill(pipeline, p, steps: 2, coarseLevels: 0)).contains { abs($0 - $1) > 0.01 })
    }

    @Test("coarser passes are steps of the run, and pixels outside of the hole stay")
    func steps() throws {
        let pipeline = try pipeline(), p = Picture(width: 136, height: 128, hole: (60, 50))
        let run = pipeline.start(prefill: p.prefill, mask: p.mask, steps: 3, seed: 9)
        #expect(run.totalSteps == 5)
        for done in 1...5 {
            run.step()
            #expect(run.completedSteps == done)
        }
        run.step()
        #expect(run.completedSteps == 5)
        let plane = p.width * p.height, filled = run.tensor().values
        for (i, value) in filled.enumerated() where p.mask.values[i % plane] == 0 {
            #expect(value.bitPattern == p.prefill.values[i].bitPattern)
        }
    }

    @Test("of a batch, pictures with shallow holes are filled as if alone")
    func batch() throws {
        let pipeline = try pipeline()
        let deep = Picture(width: 64, height: 64, hole: (40, 40), count: 2)
        let shallow = Picture(width: 64, height: 64, hole: (40, 8))
        let mask = Tensor(shallow.mask.values + deep.mask.suffix(from: 1).values, shape: deep.mask.shape)
        func fill(_ mask: Tensor, coarseLevels: Int) -> [Float] {
            let run = pipeline.start(
                prefill: deep.prefill, mask: mask, steps: 1, seed: 9, coarseLevels: coarseLevels)
            while run.completedSteps < run.totalSteps { run.step() }
            return run.tensor().values
        }
        let (with, without) = (fill(mask, coarseLevels: 2), fill(mask, coarseLevels: 0)), one = 3 * 64 * 64
        #expect(with.prefix(one) == without.prefix(one))
        #expect(with.suffix(one) != without.suffix(one))
    }

    @Test("depth is the chessboard distance to what is known", arguments: [(7, 5), (1, 9), (12, 12)])
    func depth(width: Int, height: Int) {
        var random = SeededRandom(seed: UInt64(width))
        let hole = (0..<width * height).map { _ in random.uniform() < 0.9 }
        let depth = HoleDepth.chessboard(width: width, height: height) { hole[$0] }
        for i in hole.indices {
            let nearest = hole.indices.filter { !hole[$0] }.map {
                max(abs($0 % width - i % width), abs($0 / width - i / width))
            }.min()
            #expect(depth[i] == nearest ?? (width + height))
        }
        #expect(HoleDepth.chessboard(width: 3, height: 2) { _ in true } == [5, 5, 5, 5, 5, 5])
    }
}
