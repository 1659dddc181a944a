import Distillation
import Foundation
import Layers
import TensorCore
import Testing

@Suite(.serialized) struct MaterialClassifierTests {
    private func train(_ steps: Int, to path: String) throws -> [Double] {
        var training = MaterialTraining()
        var losses: [Double] = []
        (training.steps, training.batch, training.scenes, training.learningRate) = (steps, 2, 2, 1e-3)
        training.swatches = 1
        _ = try training.run(
            writing: path, provenance: [:], report: { losses.append($1) }, shouldStop: { false })
        return losses
    }

    @Test func trainingLowersTheLossAndTheFileIsReadAgain() throws {
        try TestRun.withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let path = "\(folder)/classifier.safetensors", losses = try train(16, to: path)
            let first = try #require(losses.first), last = losses.suffix(4).reduce(0, +) / 4
            let chance = log(Double(MaterialClassifier.materials.count))
            #expect(abs(first - chance) < 0.7 && last < first - 0.1, "\(losses)")
            let picture = TextControl.layouts(count: 1)
            #expect(try MaterialClassifier(reading: path).classify(picture.images, holes: picture.masks).count == 1)
        }
    }

    @Test func onlyTheCellsOfTheHoleCount() throws {
        let classifier = try MaterialClassifier(seed: 1)
        var random = SeededRandom(seed: 2)
        let picture = random.normalTensor([1, 3, 64, 64])
        func hole(_ left: Int) -> Tensor {
            let mask = Tensor(repeating: 0, shape: [1, 1, 64, 64])
            for y in 0..<64 { for x in left..<(left + 16) { mask.pointer[y * 64 + x] = 1 } }
            return mask
        }
        let before = classifier.classify(picture, holes: hole(0))
        // Beyond the reach of seven convolutions from the left columns.
        for c in 0..<3 { for y in 0..<64 { picture.pointer[(c * 64 + y) * 64 + 63] += 3 } }
        #expect(classifier.classify(picture, holes: hole(0)) == before)
    }

    @Test func labelsAreThoseOfTheMaterialInTheHole() {
        let batch = MaterialSamples(seed: 5, scenes: 1).holes([3, 7], count: 1)
        #expect(batch.inserted == [3, 7])
        #expect(batch.labels.count == 2 * 256)
        for (i, material) in [3, 7].enumerated() {
            #expect(batch.labels[(i * 256)..<((i + 1) * 256)].contains(material))
        }
    }

    /// Pictures of two kinds that an untrained classifier takes for two materials, whichever they are.
    private func twoKinds(_ classifier: MaterialClassifier, _ masks: Tensor) throws -> [(
        material: Int, picture: Tensor
    )] {
        var random = SeededRandom(seed: 2)
        var kinds: [Int: Tensor] = [:]
        for _ in 0..<200 where kinds.count < 2 {
            let colour = (0..<3).map { _ in random.uniform() }
            let picture = Tensor(
                (0..<3).flatMap { c in Array(repeating: colour[c], count: 256) }, shape: [1, 3, 16, 16])
            kinds[classifier.classify(picture, holes: masks)[0]] = picture
        }
        try #require(kinds.count == 2)
        return kinds.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    @Test func textThatIsObeyedIsSeenAndTextThatIsNotIsLikeNone() throws {
        let classifier = try MaterialClassifier(seed: 1)
        let masks = Tensor(repeating: 1, shape: [1, 1, 16, 16])
        let kinds = try twoKinds(classifier, masks)
        let materials = kinds.map { MaterialClassifier.materials[$0.material] }
        let obeyed = TextControl(classifier, holes: masks, materials: materials) { prompt in
            kinds[prompt == materials[1].name ? 1 : 0].picture
        }
        #expect(obeyed.layouts == 1 && obeyed.prompted.accuracy == 1 && obeyed.rateWithoutPrompt == 0.5)
        #expect(obeyed.withoutPrompt == [materials[0].name: 1, materials[1].name: 0])
        let deaf = TextControl(classifier, holes: masks, materials: materials) { _ in kinds[0].picture }
        #expect(deaf.prompted.accuracy == 0.5 && deaf.rateWithoutPrompt == 0.5)
        #expect(deaf.markdown.contains("1 holes") && deaf.markdown.contains("50.0 %"))
    }

    @Test func aColourIsSeenByTheMeanOfTheHoleAlone() {
        let masks = Tensor(Array(repeating: 1, count: 128) + Array(repeating: 0, count: 128), shape: [1, 1, 16, 16])
        let obeyed = TextControl(coloursIn: masks) { prompt in
            let hole: [Float] = prompt == "a red wall" ? [0.9, 0.1, 0.1] : [0.1, 0.2, 0.8]
            return Tensor(
                hole.flatMap { Array(repeating: $0, count: 128) + Array(repeating: 0.5, count: 128) },
                shape: [1, 3, 16, 16])
        }
        func recall(_ colour: String) -> Double? {
            obeyed.prompted.labels.firstIndex(of: colour).flatMap { obeyed.prompted.recall($0) }
        }
        #expect(recall("red") == 1 && recall("blue") == 1 && recall("green") == 0)
        #expect(obeyed.withoutPrompt["blue"] == 1 && obeyed.withoutPrompt["red"] == 0)
    }

    @Test func aFileOfOtherMaterialsIsRefused() throws {
        try TestRun.withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let path = "\(folder)/other.safetensors"
            try Safetensors.write(
                ["a": Tensor([1], shape: [1])], to: path, metadata: ["materials": "cheese"])
            let error = #expect(throws: ModelError.self) { try MaterialClassifier(reading: path) }
            #expect(error?.code == .unsupportedModel)
        }
    }

    @Test func confusionsAreCountedByWhatWasExpected() {
        var matrix = ConfusionMatrix(labels: ["a", "b", "c"])
        for (expected, found) in [(0, 0), (0, 0), (0, 1), (1, 2)] {
            matrix.add(expected: expected, found: found)
        }
        #expect(matrix.accuracy == 0.5 && matrix.recall(0) == 2.0 / 3 && matrix.recall(2) == nil)
        #expect(
            matrix.markdown.contains("| a | 3 | 67 % | b 1 |")
                && matrix.markdown.contains("| **all** | 4 | 50.0 % | |")
        )
    }

    @Test func picturesForAMemoryAreOfOneSizeInPlainLightAndTheSameForOneSeed() {
        let pictures = MaterialPictures.drawn(of: .stripes, count: 2, size: 64, seed: 9)
        #expect(pictures.count == 2 && pictures.allSatisfy { $0.count == 3 * 64 * 64 })
        #expect(pictures == MaterialPictures.drawn(of: .stripes, count: 2, size: 64, seed: 9))
        #expect(pictures[0] != pictures[1])
        // Such as show the material: stripes, and not one of them over all.
        #expect(pictures.allSatisfy { Set($0).count > 8 })
    }
}
