import Inpainting
import Testing

/// A tuned model and its base: which of them fills a photo.
@Suite struct PipelineChoiceTests {
    /// Smooth, so that the pre-fill is what was there.
    private static func photo(width: Int) throws -> RasterImage {
        var samples: [UInt8] = []
        for y in 0..<96 {
            for x in 0..<width { samples += [UInt8(x / 2), UInt8(y), UInt8(60 + x / 2)] }
        }
        return try RasterImage(width: width, height: 96, samples: .u8(samples))
    }

    private static func mask(width: Int = 128, _ holes: (x: Int, y: Int, side: Int)...) throws -> FillMask {
        var values = [UInt8](repeating: 0, count: width * 96)
        for hole in holes {
            for y in hole.y..<(hole.y + hole.side) {
                for x in hole.x..<(hole.x + hole.side) { values[y * width + x] = 255 }
            }
        }
        return try FillMask(width: width, height: 96, values: values)
    }

    /// Keeps the pre-fill, or makes it lighter.
    private static func pipeline(
        _ generation: String, lighter offset: Float, stuck: Bool = false, hasTextEncoder: Bool = false
    ) -> FakePipeline {
        FakePipeline(generation: generation, stuck: stuck, hasTextEncoder: hasTextEncoder) { request in
            request.prefill.map { $0 + offset }
        }
    }

    private func filled(
        by tuned: FakePipeline, _ base: FakePipeline?, _ mask: FillMask, prompt: String? = nil
    ) throws -> FillResult {
        var options = FillOptions(steps: 2, seed: 3)
        (options.detail, options.prompt) = (false, prompt)
        return try fill(try Self.photo(width: mask.width), mask, options, model: FillModel(pipeline: tuned, base: base))
    }

    @Test func thePhotoTakesWhatFillsItsSurroundingsBetter() throws {
        let mask = try Self.mask((50, 40, 16))
        for (tunedOffset, baseOffset, expected) in [(Float(0), Float(0.2), "tuned"), (0.2, 0, "base")] {
            let tuned = Self.pipeline("tuned", lighter: tunedOffset)
            let base = Self.pipeline("base", lighter: baseOffset)
            let result = try filled(by: tuned, base, mask)
            #expect(result.generation == expected)
            // Each fills the small holes, in one step; only the chosen one fills the photo's own, in two.
            let (chosen, other) = expected == "tuned" ? (tuned, base) : (base, tuned)
            #expect(other.requests.map(\.steps) == [1] && chosen.requests.map(\.steps) == [1, 2])
            let middle = result.filled.width * (result.filled.height / 2) + result.filled.width / 2
            let x = result.box.x + result.filled.width / 2
            #expect(abs(samplesOf(result.filled)[3 * middle] - x / 2) <= 1)
        }
    }

    @Test func whatIsAsGoodIsLeftToTheBase() throws {
        let (tuned, base) = (Self.pipeline("tuned", lighter: 0), Self.pipeline("base", lighter: 0))
        #expect(try filled(by: tuned, base, Self.mask((50, 40, 16))).generation == "base")
    }

    @Test func aModelThatWasNotTunedIsNotTried() throws {
        let model = Self.pipeline("1", lighter: 0.2)
        #expect(try filled(by: model, nil, Self.mask((50, 40, 16))).generation == "1")
        #expect(model.requests.map(\.steps) == [2])
    }

    @Test func promptsAreTheBases() throws {
        let tuned = Self.pipeline("tuned", lighter: 0, hasTextEncoder: true)
        let base = Self.pipeline("base", lighter: 0.2, hasTextEncoder: true)
        #expect(try filled(by: tuned, base, Self.mask((50, 40, 16)), prompt: "grass").generation == "base")
        #expect(tuned.requests.isEmpty && base.requests.map(\.prompt) == ["grass"])
        // So are the words that are known.
        base.known = ["zebra"]
        #expect(try filled(by: tuned, base, Self.mask((50, 40, 16)), prompt: "zebra zzz").unknownWords == ["zzz"])
        // An empty prompt is none.
        #expect(try filled(by: tuned, base, Self.mask((50, 40, 16)), prompt: "").generation == "tuned")
    }

    @Test func whereTooLittleIsKnownItIsTheBase() throws {
        // Stripes of holes leave no room for another one.
        let rows = (0..<96).filter { $0 % 12 < 8 }
        let values = (0..<(128 * 96)).map { UInt8(rows.contains($0 / 128) ? 255 : 0) }
        let (tuned, base) = (Self.pipeline("tuned", lighter: 0), Self.pipeline("base", lighter: 0.2))
        let mask = try FillMask(width: 128, height: 96, values: values)
        #expect(try filled(by: tuned, base, mask).generation == "base")
        #expect(tuned.requests.isEmpty)
    }

    @Test func thePhotoDecidesOnce() throws {
        let (tuned, base) = (Self.pipeline("tuned", lighter: 0), Self.pipeline("base", lighter: 0.2))
        #expect(try filled(by: tuned, base, Self.mask(width: 360, (20, 40, 6), (330, 40, 6))).generation == "tuned")
        #expect(base.requests.count == 1 && tuned.requests.map(\.steps) == [1, 2, 2])
    }

    @Test func aModelThatMakesNoProgressIsToldOf() throws {
        let (tuned, base) = (Self.pipeline("t", lighter: 0, stuck: true), Self.pipeline("b", lighter: 0))
        let code = fillErrorCode { _ = try filled(by: tuned, base, Self.mask((50, 40, 16))) }
        #expect(code == .modelFailed)
    }
}

/// The small holes themselves.
@Suite struct SurroundingsTrialTests {
    private static func noise(_ width: Int, _ height: Int) -> [Float] {
        var random = TestRandom(5)
        return (0..<(3 * width * height)).map { _ in Float(random.next() >> 40) / Float(1 << 24) }
    }

    private static func box(_ width: Int, _ height: Int, _ box: PixelBox) -> [UInt8] {
        (0..<(width * height)).map {
            (box.x..<(box.x + box.width)).contains($0 % width) && (box.y..<(box.y + box.height)).contains($0 / width)
                ? 255 : 0
        }
    }

    @Test func holesLieInWhatIsKnownAndAllElseStaysAsItIs() throws {
        let (width, height) = (128, 96), picture = Self.noise(width, height)
        let hole = Self.box(width, height, PixelBox(x: 40, y: 30, width: 30, height: 25))
        let trial = try #require(
            SurroundingsTrial(picture: picture, mask: hole, width: width, height: height, multiple: 32))
        #expect(trial.width == width && trial.height == height)
        let added = trial.mask.indices.filter { trial.mask[$0] != 0 }
        #expect(added.count >= 4 * 100 && added.count < width * height / 4)
        // Three pixels away from the hole, and from the border.
        #expect(added.allSatisfy { i in !(37..<73).contains(i % width) || !(27..<58).contains(i / width) })
        #expect(
            added.allSatisfy { i in (3..<(width - 3)).contains(i % width) && (3..<(height - 3)).contains(i / width) })
        let known = trial.prefill.indices.filter { trial.mask[$0 % (width * height)] == 0 }
        #expect(known.allSatisfy { trial.prefill[$0] == picture[$0] })
    }

    @Test func theTruthScoresBestAndTheOwnHoleDoesNotCount() throws {
        let (width, height) = (96, 96), picture = Self.noise(width, height)
        let hole = Self.box(width, height, PixelBox(x: 40, y: 40, width: 16, height: 16))
        let trial = try #require(
            SurroundingsTrial(picture: picture, mask: hole, width: width, height: height, multiple: 32))
        let best = trial.scores(picture), smooth = trial.scores(trial.prefill)
        #expect(zip(best, smooth).allSatisfy { $0 > $1 })
        #expect(zip(trial.scores(picture.map { $0 + 0.1 }), best).allSatisfy { $0 < $1 })
        var other = picture
        for i in other.indices where hole[i % (width * height)] != 0 { other[i] = 9 }
        #expect(trial.scores(other) == best)
    }

    @Test func ofALargePictureThePartAroundTheHoleIsTried() throws {
        let (width, height) = (512, 320), picture = Self.noise(width, height)
        let hole = Self.box(width, height, PixelBox(x: 460, y: 20, width: 20, height: 20))
        let trial = try #require(
            SurroundingsTrial(picture: picture, mask: hole, width: width, height: height, multiple: 32))
        #expect(trial.width == 192 && trial.height == 192)
        // The right upper part.
        var truth: [Float] = []
        for channel in 0..<3 {
            for y in 0..<192 {
                let line = (channel * height + y) * width
                truth += picture[(line + 320)..<(line + 512)]
            }
        }
        #expect(trial.scores(truth).allSatisfy { $0 > 50 })
    }

    @Test func besideAHoleThatFillsSuchAPartTheSurroundingsAreTried() throws {
        let (width, height) = (640, 448), picture = Self.noise(width, height)
        let hole = Self.box(width, height, PixelBox(x: 160, y: 80, width: 320, height: 280))
        let trial = try #require(
            SurroundingsTrial(picture: picture, mask: hole, width: width, height: height, multiple: 32))
        // Half of what is looked at is known.
        #expect(trial.mask.count { $0 != 0 } >= 12 * 100)
    }

    @Test func onlyAClearLeadCounts() {
        let base = (0..<20).map { 30 + Double($0 % 7) }
        // Half a decibel everywhere, in the mean but all over the place, and nothing.
        #expect(SurroundingsTrial.prefers(base.map { $0 + 0.5 }, over: base))
        let erratic = base.indices.map { base[$0] + ($0 % 2 == 0 ? 6 : -5) }
        #expect(!SurroundingsTrial.prefers(erratic, over: base))
        #expect(
            !SurroundingsTrial.prefers(base, over: base) && !SurroundingsTrial.prefers(base.map { $0 - 1 }, over: base))
        #expect(!SurroundingsTrial.prefers([], over: []) && !SurroundingsTrial.prefers([9], over: [1]))
    }

    @Test func smallPicturesHaveSmallerHoles() throws {
        let picture = Self.noise(32, 32), hole = Self.box(32, 32, PixelBox(x: 12, y: 12, width: 4, height: 4))
        let trial = try #require(SurroundingsTrial(picture: picture, mask: hole, width: 32, height: 32, multiple: 32))
        #expect(trial.mask.count { $0 != 0 } >= 4 * 16)
    }

    @Test func aPictureThatIsNearlyAllHoleIsNotTried() {
        let picture = Self.noise(64, 64), hole = Self.box(64, 64, PixelBox(x: 4, y: 4, width: 56, height: 56))
        #expect(SurroundingsTrial(picture: picture, mask: hole, width: 64, height: 64, multiple: 32) == nil)
    }
}
