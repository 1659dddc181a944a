import Distillation
import Foundation
import Layers
import TensorCore
import Testing

@Suite struct MaterialClassifierTests {
    private func temporaryFile() -> String { NSTemporaryDirectory() + "refine-\(UUID().uuidString).safetensors" }

    @Test func confusionsAreCountedByClass() {
        var matrix = ConfusionMatrix(labels: ["brick", "grass", "water"])
        for (expected, found) in [(0, 0), (0, 0), (0, 1), (0, 2), (1, 1)] {
            matrix.add(expected: expected, found: found)
        }
        #expect(matrix.counts == [[2, 1, 1], [0, 1, 0], [0, 0, 0]])
        #expect(matrix.accuracy == 0.6)
        #expect(matrix.recall(0) == 0.5)
        #expect(matrix.recall(2) == nil)
        #expect(matrix.markdown.contains("| brick | 4 | 50 % | grass 1, water 1 |"))
        #expect(!matrix.markdown.contains("| water |"))
    }

    @Test func trainingIsRepeatableAndItsFileIsRead() throws {
        var training = MaterialTraining()
        (training.steps, training.batch, training.patchesPerMaterial, training.backgrounds) = (2, 2, 1, 2)
        let files = [temporaryFile(), temporaryFile()]
        defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
        var losses: [[Double]] = []
        for file in files {
            var list: [Double] = []
            let matrix = try training.run(writing: file, provenance: [:], testsPerMaterial: 1) { list.append($1) }
            #expect(matrix.total == MaterialClassifier.materials.count)
            losses.append(list)
        }
        #expect(losses[0] == losses[1])
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: files[0])) == Data(contentsOf: URL(fileURLWithPath: files[1])))
        // Near the logarithm of the number of classes before anything is learnt.
        #expect(abs(losses[0][0] - Foundation.log(Double(MaterialClassifier.materials.count))) < 1)
    }

    @Test func weightsForOtherMaterialsAreRefused() throws {
        let file = temporaryFile()
        try Safetensors.write(["a": Tensor([1], shape: [1])], to: file, metadata: ["materials": "brick,grass"])
        defer { try? FileManager.default.removeItem(atPath: file) }
        let error = #expect(throws: ModelError.self) { try MaterialClassifier(reading: file) }
        #expect(error?.description.contains("other materials") == true)
    }
}
