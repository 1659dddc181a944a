import Inpainting
import Testing

@Suite struct CropPlanTests {
    private func mask(_ width: Int, _ height: Int, _ isHole: (Int, Int) -> Bool) throws -> FillMask {
        let values = (0..<(width * height)).map { i in isHole(i % width, i / width) ? UInt8(255) : 0 }
        return try FillMask(width: width, height: height, values: values)
    }

    /// Every hole pixel belongs to one crop and lies in it; sizes are what the model wants.
    private func check(_ plan: [Crop], _ mask: FillMask, multiple: Int = 32) {
        var owners = [Int](repeating: 0, count: mask.values.count)
        for crop in plan {
            #expect(crop.modelWidth % multiple == 0 && crop.modelHeight % multiple == 0)
            #expect(crop.modelWidth * crop.scale == crop.width && crop.modelHeight * crop.scale == crop.height)
            #expect(max(crop.modelWidth, crop.modelHeight) <= CropPlan.limit)
            #expect(crop.x >= 0 && crop.y >= 0 && crop.x < mask.width && crop.y < mask.height)
            #expect(crop.x == 0 || crop.x + crop.width <= mask.width)
            #expect(crop.y == 0 || crop.y + crop.height <= mask.height)
            for run in crop.runs {
                #expect(run.y >= crop.y && run.y < crop.y + crop.height)
                #expect(run.from >= crop.x && run.to <= crop.x + crop.width && run.from < run.to)
                for x in run.from..<run.to { owners[run.y * mask.width + x] += 1 }
            }
        }
        #expect(zip(owners, mask.values).allSatisfy { $0 == ($1 == 0 ? 0 : 1) })
    }

    @Test func randomHolesAreCoveredOnce() throws {
        var random = TestRandom(77)
        for multiple in [8, 32, 48] {
            for _ in 0..<60 {
                let (width, height) = (random.int(1...400), random.int(2...300))
                let mask = try random.mask(width: width, height: height)
                check(CropPlan.make(hole: HoleRegion(mask), sizeMultiple: multiple), mask, multiple: multiple)
            }
        }
    }

    @Test func aHoleGetsAsMuchContextAsItIsLarge() throws {
        let mask = try mask(1000, 900) { x, y in (400..<500).contains(x) && (400..<500).contains(y) }
        let plan = CropPlan.make(hole: HoleRegion(mask), sizeMultiple: 32)
        check(plan, mask)
        #expect(plan.count == 1)
        #expect(plan.first?.width == 320 && plan.first?.height == 320 && plan.first?.scale == 1)
        #expect(plan.first?.x == 290 && plan.first?.y == 290)
    }

    @Test func closeHolesShareACropAndDistantOnesDoNot() throws {
        let close = try mask(800, 200) { x, y in (90..<110).contains(y) && (x % 60 < 10) && x < 130 }
        #expect(CropPlan.make(hole: HoleRegion(close), sizeMultiple: 32).count == 1)
        let distant = try mask(800, 200) { x, y in (90..<110).contains(y) && (x == 40 || x == 760) }
        #expect(CropPlan.make(hole: HoleRegion(distant), sizeMultiple: 32).count == 2)
    }

    @Test func aLongWireIsFilledAtFullResolution() throws {
        let mask = try mask(3000, 400) { x, y in abs(y - 100 - x / 15) <= 3 }
        let plan = CropPlan.make(hole: HoleRegion(mask), sizeMultiple: 32)
        check(plan, mask)
        #expect(plan.count > 1 && plan.allSatisfy { $0.scale == 1 })
        #expect(plan.map { $0.width * $0.height }.reduce(0, +) < 3000 * 400)
    }

    @Test func holesOfDifferentSizesAreScaledOnlyWhereTheyMustBe() throws {
        func scale(_ side: Int) throws -> Int? {
            let mask = try mask(2600, 2600) { x, y in
                (900..<(900 + side)).contains(x) && (900..<(900 + side)).contains(y)
            }
            let plan = CropPlan.make(hole: HoleRegion(mask), sizeMultiple: 32)
            check(plan, mask)
            return plan.count == 1 ? plan.first?.scale : nil
        }
        #expect(try scale(340) == 1)
        #expect(try scale(380) == 1)  // less context than its size, but at full resolution
        #expect(try scale(500) == 2)
        #expect(try scale(620) == 3)
        #expect(try scale(1000) == 4)
    }

    @Test func dustAllOverAPhotoStaysAtFullResolution() throws {
        let mask = try mask(1500, 1200) { x, y in x % 40 < 2 && y % 40 < 3 }
        let plan = CropPlan.make(hole: HoleRegion(mask), sizeMultiple: 32)
        check(plan, mask)
        #expect(plan.allSatisfy { $0.scale == 1 })
        #expect(plan.count < 80)
    }
}
