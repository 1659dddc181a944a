import Diffusion
import Distillation
import Layers
import Testing

@Suite("What lies under a hole")
struct HoleCaptionTests {
    /// Samplers keep what they draw, so that no scene is drawn twice.
    private static let plain = sampler(), text = sampler(inserted: 0), insertedAlways = sampler(inserted: 1)

    private static func sampler(inserted: Float? = nil) -> CropSampler {
        var c = TrainingConfiguration()
        (c.seed, c.scenes, c.thinShare) = (5, 4, 0)
        c.text = inserted.map {
            var text = TextTraining()
            text.insertedShare = $0
            return text
        }
        return CropSampler(c)
    }

    @Test("contents stand for substances one by one, under the same names")
    func substances() {
        for substance in Substance.allCases {
            #expect(String(describing: substance) == String(describing: substance.content))
            #expect(Substance(substance.content) == substance)
        }
        #expect(SceneContent.allCases.allSatisfy { $0 == .unnamed || !$0.phrases.isEmpty })
        #expect(Set(SceneContent.allCases.map(\.name)).count == SceneContent.allCases.count)
        #expect(SceneContent.materials.count >= 20)
    }

    @Test("a scene labels its pixels by what it painted, and most of them")
    func labels() {
        var seen: Set<SceneContent> = [], unnamed = 0, total = 0
        for seed in 0..<60 {
            let scene = SceneGenerator().scene(seed: UInt64(seed), width: 64, height: 64)
            #expect(scene.labels.count == 64 * 64)
            seen.formUnion(scene.labels.compactMap(SceneContent.init(rawValue:)))
            unnamed += scene.labels.count(where: { $0 == SceneContent.unnamed.rawValue })
            total += scene.labels.count
        }
        #expect(seen.count >= 30, "\(seen.count)")
        #expect(Double(unnamed) < 0.1 * Double(total), "\(unnamed) of \(total)")
    }

    @Test("a third of a turn of the hue moves each channel to the next, and none changes nothing")
    func hues() {
        let scene = SceneGenerator().swatch(of: .checks, seed: 3, width: 32, height: 32)
        let photo = TrainingPhoto(width: 32, height: 32, pixels: scene.pixels, caption: "")
        var random = SeededRandom(seed: 1)
        let crop = photo.crop(size: 32, as: .photo, &random), plane = 32 * 32
        #expect(crop.turned(hue: 0).pixels == crop.pixels)
        let turned = crop.turned(hue: 2 * .pi / 3).pixels
        let moved = (0..<3 * plane).map { turned[$0] - crop.pixels[($0 + 2 * plane) % (3 * plane)] }
        #expect(moved.allSatisfy { abs($0) < 0.5 / 255 })
        #expect(turned != crop.pixels)
        let gray = crop.turned(hue: 1, saturation: 0).pixels
        for i in 0..<plane {
            let mean = (crop.pixels[i] + crop.pixels[plane + i] + crop.pixels[2 * plane + i]) / 3
            for j in stride(from: i, to: 3 * plane, by: plane) { #expect(abs(gray[j] - mean) < 1 / 255) }
        }
    }

    @Test("a swatch is of its material all over, and another one for each seed")
    func swatches() {
        for content in [SceneContent.brick, .grass, .water, .sky, .turnedWood] {
            let swatch = SceneGenerator().swatch(of: content, seed: 1, width: 32, height: 32)
            #expect(swatch.labels.allSatisfy { $0 == content.rawValue })
            #expect(swatch.pixels != SceneGenerator().swatch(of: content, seed: 2, width: 32, height: 32).pixels)
            #expect(swatch.pixels == SceneGenerator().swatch(of: content, seed: 1, width: 32, height: 32).pixels)
        }
    }

    @Test("a crop carries the labels of the pixels that it is cut from")
    func crops() {
        // Four quarters, each of one colour and one label.
        let side = 256, contents: [SceneContent] = [.brick, .grass, .water, .sky]
        func quarter(_ x: Int, _ y: Int) -> Int { (y < side / 2 ? 0 : 2) + (x < side / 2 ? 0 : 1) }
        let quarters = (0..<(side * side)).map { quarter($0 % side, $0 / side) }
        let scene = SyntheticScene(
            width: side, height: side, pixels: quarters.flatMap { [UInt8($0 * 60 + 20), 128, 128] }, caption: "",
            materials: [], labels: quarters.map { contents[$0].rawValue })
        let photo = TrainingPhoto(scene)
        var random = SeededRandom(seed: 4)
        for _ in 0..<20 {
            let crop = photo.crop(size: 64, as: .scene, &random)
            guard let labels = crop.labels else {
                Issue.record("a scene's crop has labels")
                continue
            }
            // Exposure keeps equal colours equal and different ones apart, so labels and colours must agree but where
            // a border runs through the pixels that one pixel of the crop is the mean of.
            var colours: [UInt8: [Float: Int]] = [:]
            for (label, red) in zip(labels, crop.pixels) { colours[label, default: [:]][red, default: 0] += 1 }
            let main = colours.compactMap { $0.value.max { $0.value < $1.value } }
            #expect(Set(main.map(\.key)).count == colours.count)
            #expect(main.reduce(0) { $0 + $1.value } >= 64 * 64 - 2 * 64, "\(colours)")
        }
    }

    @Test("the content of a hole is counted by its labels, with its mean colour")
    func content() {
        let labels = [SceneContent.grass, .grass, .grass, .brick, .unnamed, .brick, .sky, .sky, .sky].map(\.rawValue)
        let pixels =
            [Float](repeating: 0.25, count: 9) + [Float](repeating: 0.5, count: 9)
            + [Float](repeating: 1, count: 9)
        let hole = HoleContent(
            labels: labels, pixels: pixels, mask: [255, 255, 255, 255, 255, 0, 0, 0, 0])
        #expect(hole.parts.map(\.content) == [.grass, .brick] && hole.parts.map(\.share) == [0.6, 0.2])
        #expect(hole.dominant?.colour == SIMD3(0.25, 0.5, 1))
    }

    @Test("captions name the content under the hole, alone in half of them")
    func captions() {
        let batch = Self.plain.batch(step: 1, count: 60, size: 64)
        var named = 0, alone = 0, known = 0
        for (caption, content) in zip(batch.captions, batch.contents) {
            guard let main = content?.dominant, main.share >= 0.2 else { continue }
            known += 1
            let phrases = main.content.phrases.map(SceneNotes.withoutArticle)
            let nouns = phrases.filter { phrase in
                caption.text.contains(phrase) || caption.text.hasSuffix(phrase)
            }
            if !nouns.isEmpty { named += 1 }
            if !caption.text.contains(","), caption.text.split(separator: " ").count <= 5 { alone += 1 }
        }
        #expect(known > 30 && named > known * 3 / 4 && alone > known / 3, "\(known) \(named) \(alone)")
    }

    @Test("text changes captions and what is inserted, not which crops and holes are drawn")
    func sameCrops() {
        let plain = Self.plain.batch(step: 2, count: 12, size: 64)
        let text = Self.text.batch(step: 2, count: 12, size: 64)
        let inserted = Self.insertedAlways.batch(step: 2, count: 12, size: 64)
        #expect(text.images == plain.images && text.masks == plain.masks)
        #expect(inserted.masks == plain.masks && inserted.images != plain.images)
        // Outside of the holes nothing changes.
        let plane = 64 * 64
        for i in inserted.images.indices where plain.masks[i / (3 * plane) * plane + i % plane] == 0 {
            guard inserted.images[i] == plain.images[i] else {
                Issue.record("value \(i) outside of the hole has changed")
                break
            }
        }
    }

    @Test("what is inserted is what the caption says, and the caption must stay")
    func inserted() {
        let batch = Self.insertedAlways.batch(step: 3, count: 16, size: 64)
        let needed = batch.captions.indices.filter { batch.captions[$0].mustStay }
        #expect(needed.count > 2, "\(needed.count)")
        for i in needed {
            guard let main = batch.contents[i]?.dominant else {
                Issue.record("an inserted material has a name")
                continue
            }
            let words = main.content.phrases.map(SceneNotes.withoutArticle)
            #expect(words.contains { batch.captions[i].text.hasSuffix($0) }, "\(batch.captions[i].text)")
        }
    }

    @Test("a batch is a function of seed and step, words and contents too")
    func deterministic() {
        let first = Self.sampler(inserted: 0.5).batch(step: 7, count: 4, size: 64)
        let second = Self.sampler(inserted: 0.5).batch(step: 7, count: 4, size: 64)
        #expect(first.captions == second.captions && first.contents == second.contents)
        #expect(first.images == second.images)
    }
}
