import Inpainting
import Testing

@Suite struct FillTaskTests {
    @Test(arguments: [8, 16], [false, true])
    func pixelsOutsideOfTheFeatheredMaskAreBitIdentical(bitDepth: Int, isFeathered: Bool) throws {
        // 4 x 250 pairs: 1,000 photos with masks, holes at the border among them.
        var random = TestRandom(UInt64(bitDepth) + (isFeathered ? 1 : 0))
        let top = bitDepth == 8 ? 255.0 : 65535.0
        let level: Float = 0.7
        let pipeline = FakePipeline { request in
            // Nothing outside of the hole may come from the model.
            request.prefill.indices.map { request.mask[$0 % request.mask.count] == 0 ? 0.123 : level }
        }
        var checked = 0
        for _ in 0..<250 {
            let (width, height) = (random.int(1...90), random.int(2...70))
            let image = try random.image(width: width, height: height, bitDepth: bitDepth)
            let mask = try random.mask(width: width, height: height)
            let options = FillOptions(
                steps: 1, seed: random.next(), feather: isFeathered ? random.int(1...7) : 0,
                dilate: isFeathered ? random.int(0...4) : 0)
            let opacity = bruteForce(mask, dilate: options.dilate, feather: options.feather)
            guard opacity.contains(0) else {
                #expect(fillErrorCode { _ = try fill(image, mask, options, with: pipeline) } == .nothingKnown)
                continue
            }
            let result = try fill(image, mask, options, with: pipeline)
            checked += 1
            #expect(result.opacity(image) == opacity)
            let smooth = try #require(result.classical)
            #expect(result.filled.bitDepth == bitDepth && smooth.bitDepth == bitDepth)
            let (before, after, classical) = (samplesOf(image), result.over(image), result.over(image, smooth))
            var wrong = 0
            for i in before.indices {
                let alpha = Double(opacity[i / 3]) / 255
                let own = Double(before[i])
                if alpha == 0 {
                    wrong += after[i] == before[i] && classical[i] == before[i] ? 0 : 1
                } else {
                    // Half a step of rounding, and what Float loses of 16 bits.
                    let expected = own + (Double(level) * top - own) * alpha
                    wrong += abs(Double(after[i]) - expected) <= 0.51 ? 0 : 1
                }
            }
            #expect(wrong == 0, "\(width)x\(height), feather \(options.feather), dilate \(options.dilate)")
        }
        #expect(checked > (isFeathered ? 200 : 249))
    }

    /// Opacity by its definition: distances to every pixel of the mask.
    private func bruteForce(_ mask: FillMask, dilate: Int, feather: Int) -> [UInt8] {
        func squaredDistances(_ values: [UInt8]) -> [Int] {
            let members = values.indices.filter { values[$0] != 0 }
            return values.indices.map { i in
                let (x, y) = (i % mask.width, i / mask.width)
                var best = Int.max
                for member in members {
                    let (dx, dy) = (member % mask.width - x, member / mask.width - y)
                    best = min(best, dx * dx + dy * dy)
                }
                return best
            }
        }
        var values = mask.values
        if dilate > 0 { values = squaredDistances(values).map { $0 <= dilate * dilate ? 255 : 0 } }
        if feather == 0 { return values }
        return squaredDistances(values).map { squared in
            if squared > feather * feather { return 0 }
            return UInt8((255 * (1 - Double(squared).squareRoot() / Double(feather + 1))).rounded())
        }
    }

    @Test func sameSeedGivesSameBytesAndAnotherSeedOthers() throws {
        var random = TestRandom(11)
        let image = try random.image(width: 150, height: 90, bitDepth: 8)
        let mask = try random.mask(width: 150, height: 90)
        let first = try fill(image, mask, FillOptions(seed: 5, feather: 3), with: .noise())
        let again = try fill(image, mask, FillOptions(seed: 5, feather: 3), with: .noise())
        let other = try fill(image, mask, FillOptions(seed: 6, feather: 3), with: .noise())
        #expect(first.filled.samples == again.filled.samples && first.changed == again.changed)
        #expect(first.filled.samples != other.filled.samples)
        #expect(first.classical?.samples == other.classical?.samples)
    }

    @Test(arguments: [(1, 9), (9, 1), (5, 7), (2, 1), (33, 31), (31, 200)])
    func tinyPhotosReachTheModelInItsSizes(width: Int, height: Int) throws {
        var random = TestRandom(1)
        let image = try random.image(width: width, height: height, bitDepth: 8)
        let mask = try random.mask(width: width, height: height)
        let pipeline = FakePipeline.identity()
        let result = try fill(image, mask, FillOptions(feather: 0), with: pipeline)
        #expect(result.filled.samples == result.classical?.samples)
        for request in pipeline.requests {
            #expect(request.width % 32 == 0 && request.height % 32 == 0)
            #expect(request.prefill.allSatisfy { (0...1).contains($0) })
            #expect(request.mask.contains(0) && request.mask.contains(255))
        }
    }

    @Test func aPhotoSmallerThanTheCropGoesOnMirrored() throws {
        var random = TestRandom(31)
        let image = try random.image(width: 5, height: 3, bitDepth: 8)
        let mask = try FillMask(width: 5, height: 3, values: [UInt8](repeating: 0, count: 14) + [255])
        let pipeline = FakePipeline.identity()
        _ = try fill(image, mask, FillOptions(feather: 0), with: pipeline)
        let request = try #require(pipeline.requests.first)
        let there = [0, 1, 2, 3, 4], back = [4, 3, 2, 1, 0]
        let columns = Array((there + back + there + back + there + back + there).prefix(32))
        let rows = (0..<32).map { [0, 1, 2, 2, 1, 0][$0 % 6] }
        let samples = samplesOf(image)
        for y in 0..<32 {
            for x in 0..<32 {
                let pixel = rows[y] * 5 + columns[x]
                #expect(request.mask[y * 32 + x] == (pixel == 14 ? 255 : 0))
                guard pixel != 14 else { continue }
                #expect(abs(request.prefill[y * 32 + x] - Float(samples[3 * pixel]) / 255) < 1e-6)
            }
        }
    }

    @Test func aModelThatAddsNothingGivesTheClassicalFill() throws {
        var random = TestRandom(21)
        let image = try random.image(width: 300, height: 200, bitDepth: 16)
        let mask = try random.mask(width: 300, height: 200)
        let result = try fill(image, mask, FillOptions(feather: 4, dilate: 1, detail: false), with: .identity())
        #expect(result.filled.samples == result.classical?.samples)
        #expect(result.over(image) != samplesOf(image))
    }

    @Test func progressCountsEveryUnitAndNamesTheStage() throws {
        let image = try RasterImage(width: 640, height: 64, samples: .u8([UInt8](repeating: 90, count: 640 * 64 * 3)))
        var values = [UInt8](repeating: 0, count: 640 * 64)
        for y in 30..<34 { for x in [10, 11, 620, 621] { values[y * 640 + x] = 255 } }
        let mask = try FillMask(width: 640, height: 64, values: values)
        let task = try FillTask(
            model: FillModel(pipeline: FakePipeline.identity()), image: image, mask: mask,
            options: FillOptions(steps: 3))
        #expect(fillErrorCode { _ = try task.finish() } == .notFinished)
        var stages: [String] = []
        var isMore = true
        while isMore {
            stages.append(task.stage)
            isMore = try task.advance()
            #expect(task.completedSteps == stages.count)
        }
        let perCrop = ["prefill", "denoise", "denoise", "denoise", "blend"]
        #expect(stages == perCrop + perCrop)
        #expect(task.totalSteps == 10 && task.stage == "done")
        #expect(try task.advance() == false)
        #expect(try task.finish().over(image) == samplesOf(image), "a flat photo is filled with its colour")
    }

    @Test func cropsOfOnePhotoGetDifferentSeeds() throws {
        let image = try RasterImage(width: 640, height: 64, samples: .u8([UInt8](repeating: 90, count: 640 * 64 * 3)))
        var values = [UInt8](repeating: 0, count: 640 * 64)
        for x in [10, 630] { values[32 * 640 + x] = 255 }
        let pipeline = FakePipeline.identity()
        let mask = try FillMask(width: 640, height: 64, values: values)
        _ = try fill(image, mask, FillOptions(seed: 9), with: pipeline)
        #expect(pipeline.requests.count == 2)
        #expect(pipeline.requests.first?.seed == 9)
        #expect(Set(pipeline.requests.map(\.seed)).count == 2)
    }

    @Test func aHoleTooLargeForTheModelKeepsItsPrefillAndGetsTheDifferenceEnlarged() throws {
        // 700 pixels: with context more than the limit, so the model works at half the size.
        let side = 1100
        var samples = [UInt8](repeating: 0, count: 3 * side * side)
        for i in samples.indices { samples[i] = UInt8(100 + (i / 3 % side) / 16) }
        let image = try RasterImage(width: side, height: side, samples: .u8(samples))
        let hole = (0..<(side * side)).map { i in
            UInt8((200..<900).contains(i % side) && (150..<850).contains(i / side) ? 255 : 0)
        }
        let mask = try FillMask(width: side, height: side, values: hole)
        let pipeline = FakePipeline { request in request.prefill.map { $0 + 0.1 } }
        var options = FillOptions(steps: 1, feather: 0)
        options.detail = false
        let result = try fill(image, mask, options, with: pipeline)
        #expect(pipeline.requests.count == 1)
        #expect(pipeline.requests.allSatisfy { max($0.width, $0.height) <= CropPlan.limit })
        let (ours, classical) = (result.over(image), result.over(image, result.classical))
        let isRight = ours.indices.allSatisfy { i in
            hole[i / 3] == 0 || (25...26).contains(ours[i] - classical[i])
        }
        #expect(isRight)
    }

    @Test func laterCropsOfOneHoleContinueTheFillOfEarlierOnes() throws {
        // A wire of 2,400 pixels is cut into cells; the model paints it white on black.
        let (width, height) = (2400, 96)
        let image = try RasterImage(
            width: width, height: height, samples: .u8([UInt8](repeating: 0, count: width * height * 3)))
        let hole = (0..<(width * height)).map { i in UInt8((46..<50).contains(i / width) ? 255 : 0) }
        let mask = try FillMask(width: width, height: height, values: hole)
        let pipeline = FakePipeline { request in request.prefill.map { _ in 1 } }
        let result = try fill(image, mask, FillOptions(steps: 1, feather: 0), with: pipeline)
        let after = result.over(image)
        #expect(after.indices.allSatisfy { after[$0] == (hole[$0 / 3] == 0 ? 0 : 255) })
        #expect(pipeline.requests.count > 1)
        #expect(pipeline.requests.first?.prefill.max() == 0)
        #expect(pipeline.requests.dropFirst().allSatisfy { $0.prefill.max() == 1 })
    }

    // MARK: Bad input

    @Test func argumentsThatCannotBeFilledAreNamed() throws {
        var random = TestRandom(2)
        let image = try random.image(width: 8, height: 6, bitDepth: 8)
        func mask(_ width: Int, _ height: Int, _ value: UInt8) throws -> FillMask {
            try FillMask(width: width, height: height, values: [UInt8](repeating: value, count: width * height))
        }
        func attempt(_ mask: FillMask, _ options: FillOptions = FillOptions()) -> FillError? {
            do {
                _ = try fill(image, mask, options, with: .identity())
                return nil
            } catch { return error as? FillError }
        }
        var one = [UInt8](repeating: 0, count: 48)
        one[20] = 255
        let pixel = try FillMask(width: 8, height: 6, values: one)
        #expect(attempt(try mask(6, 8, 255))?.code == .sizeMismatch)
        #expect(attempt(try mask(8, 6, 0))?.code == .emptyMask)
        #expect(attempt(try mask(8, 6, 127))?.code == .emptyMask)
        #expect(attempt(try mask(8, 6, 255))?.code == .nothingKnown)
        #expect(attempt(pixel, FillOptions(feather: 30))?.code == .nothingKnown)
        #expect(attempt(pixel, FillOptions(steps: 0))?.argument == "steps")
        #expect(attempt(pixel, FillOptions(feather: -1))?.argument == "feather")
        #expect(attempt(pixel, FillOptions(dilate: 5000))?.argument == "dilate")
        #expect(attempt(pixel, FillOptions(feather: 0)) == nil)
        #expect(attempt(pixel, FillOptions(feather: 0, prompt: "sky"))?.argument == "prompt")
        #expect(attempt(pixel, FillOptions(feather: 0, prompt: "")) == nil)
        #expect(attempt(pixel, FillOptions(feather: 0, guidance: 2))?.argument == "guidance")
        #expect(fillErrorCode { _ = try mask(0, 6, 0) } == .sizeMismatch)
        #expect(
            fillErrorCode { _ = try RasterImage(width: Int.max, height: 2, samples: .u8([])) } == .sizeMismatch)
        #expect(fillErrorCode { _ = try RasterImage(width: 2, height: 2, samples: .u16([1])) } == .sizeMismatch)
    }

    @Test func modelsThatAnswerNonsenseAreNamed() throws {
        var random = TestRandom(4)
        let image = try random.image(width: 40, height: 40, bitDepth: 8)
        let mask = try random.mask(width: 40, height: 40)
        let broken = [
            FakePipeline { _ in [] },
            FakePipeline { $0.prefill.map { _ in Float.nan } },
            FakePipeline(stuck: true) { $0.prefill },
        ]
        for pipeline in broken {
            #expect(
                fillErrorCode { _ = try fill(image, mask, FillOptions(feather: 0), with: pipeline) } == .modelFailed)
        }
    }
}
