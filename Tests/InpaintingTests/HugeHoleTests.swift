import Inpainting
import Testing

/// Holes that one crop could not hold: a coarse fill, then tiles. The limit of the crops is small here, and so are they.
@Suite struct HugeHoleTests {
    private static let limit = 128
    private static let side = 1200
    private static let range = 150..<1050

    private func hole() throws -> FillMask {
        let (side, range) = (Self.side, Self.range)
        return try FillMask(
            width: side, height: side,
            values: (0..<(side * side)).map { range.contains($0 % side) && range.contains($0 / side) ? 255 : 0 })
    }

    private func filled(_ samples: [UInt8], with pipeline: FakePipeline, detail: Bool) throws -> [Int] {
        let image = try RasterImage(width: Self.side, height: Self.side, samples: .u8(samples))
        var options = FillOptions(steps: 1, feather: 0)
        options.largestCrop = Self.limit
        options.detail = detail
        return try fill(image, hole(), options, with: pipeline).over(image)
    }

    @Test func tilesCoverTheHoleOnceFromTheRimInwards() throws {
        let mask = try hole()
        let plan = CropPlan.make(hole: HoleRegion(mask), sizeMultiple: 32, limit: Self.limit)
        #expect(plan.first?.part == .coarse && (plan.first?.scale ?? 0) > CropPlan.largestScale)
        let tiles = plan.dropFirst()
        #expect(tiles.count == 16 && tiles.allSatisfy { $0.isTile && max($0.modelWidth, $0.modelHeight) <= Self.limit })
        var owners = [Int](repeating: 0, count: mask.values.count)
        for run in tiles.flatMap(\.runs) {
            for x in run.from..<run.to { owners[run.y * Self.side + x] += 1 }
        }
        #expect(zip(owners, mask.values).allSatisfy { $0 == ($1 == 0 ? 0 : 1) })
        let isInner = tiles.map { tile in
            let run = tile.runs[0]
            return (300..<800).contains(run.y) && (300..<800).contains(run.from)
        }
        #expect(isInner == Array(repeating: false, count: 12) + Array(repeating: true, count: 4))
    }

    @Test func aSmoothPhotoStaysSmoothOverAllTiles() throws {
        let side = Self.side
        let samples = (0..<(3 * side * side)).map { UInt8(40 + $0 / 3 % side / 8) }
        let pipeline = FakePipeline.identity()
        let after = try filled(samples, with: pipeline, detail: true)
        #expect(zip(after, samples).allSatisfy { abs($0 - Int($1)) <= 3 })
        // The four inner tiles have no rim for the model to fill along.
        #expect(pipeline.requests.count == 1 + 12)
        #expect(pipeline.requests.allSatisfy { max($0.width, $0.height) <= Self.limit })
    }

    @Test func tilesGoOnFromTheCoarseFill() throws {
        // White in the coarse fill alone, of which the inside has to be left.
        var count = 0
        let pipeline = FakePipeline { request in
            count += 1
            return count == 1 ? request.prefill.map { _ in 1 } : request.prefill
        }
        let after = try filled([UInt8](repeating: 0, count: 3 * Self.side * Self.side), with: pipeline, detail: false)
        func value(_ x: Int, _ y: Int) -> Int { after[3 * (y * Self.side + x)] }
        #expect(value(600, 600) == 255 && value(149, 600) == 0)
        #expect(value(152, 600) < 40, "the rim is filled anew, from the photo")
        #expect(pipeline.requests.dropFirst().allSatisfy { ($0.prefill.max() ?? 0) > 0.9 })
    }

    @Test func tilesFadeOverIntoEachOther() throws {
        // Each tile has a shade of its own: at a border that was a step of up to 60 once.
        var count = 0
        let pipeline = FakePipeline { request in
            count += 1
            let shade: Float = [0.3, 0.5, 0.4, 0.6][count % 4]
            return request.prefill.indices.map { index in
                request.mask[index % request.mask.count] == 0 ? request.prefill[index] : shade
            }
        }
        let after = try filled([UInt8](repeating: 110, count: 3 * Self.side * Self.side), with: pipeline, detail: false)
        #expect(count == 1 + 12)
        // Rows and columns through the bands along the rim, from tile to tile; their fills end 192 pixels from the rim.
        for line in [250, 950] {
            for place in 160..<1039 where (330..<870).contains(place) {
                let across = abs(after[3 * (line * Self.side + place)] - after[3 * (line * Self.side + place - 1)])
                let down = abs(after[3 * (place * Self.side + line)] - after[3 * ((place - 1) * Self.side + line)])
                #expect(across <= 8 && down <= 8, "\(line), \(place): \(across), \(down)")
            }
        }
    }

    @Test func textureRunsOverTheBordersOfTiles() throws {
        // Larger than the others: patches of detail need room around a tile.
        var random = TestRandom(21)
        let (side, range, limit) = (1900, 500..<1400, 384)
        let samples = (0..<(3 * side * side)).map { UInt8(70 + $0 / 3 % side / 25 + random.int(0...60)) }
        let image = try RasterImage(width: side, height: side, samples: .u8(samples))
        let mask = try FillMask(
            width: side, height: side,
            values: (0..<(side * side)).map { range.contains($0 % side) && range.contains($0 / side) ? 255 : 0 })
        #expect(CropPlan.make(hole: HoleRegion(mask), sizeMultiple: 32, limit: limit).filter(\.isTile).count == 4)
        var options = FillOptions(steps: 1, feather: 0)
        options.largestCrop = limit
        let after = try fill(image, mask, options, with: .identity()).over(image)
        func step(_ x: Int) -> (rough: Double, mean: Double) {
            let differences = (520..<1380).map { Double(after[3 * ($0 * side + x)] - after[3 * ($0 * side + x - 1)]) }
            let count = Double(differences.count)
            return (differences.reduce(0) { $0 + abs($1) } / count, differences.reduce(0, +) / count)
        }
        let others = stride(from: 540, to: 1380, by: 7).map(step)
        let rough = others.reduce(0) { $0 + $1.rough } / Double(others.count)
        // Independent numbers from 0 to 60 differ by 20.3 in the mean.
        #expect(rough > 12 && rough < 25, "\(rough)")
        let border = step(950)
        #expect(border.rough > 0.75 * rough && border.rough < 1.3 * rough, "\(border.rough)")
        #expect(abs(border.mean) < 3, "\(border.mean)")
    }
}
