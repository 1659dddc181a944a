import Layers
import TensorCore

/// Trains a ``MaterialClassifier`` on the generator's materials.
public struct MaterialTraining: Sendable {
    public var steps = 1_000
    public var batch = 24
    public var seed: UInt64 = 1
    public var learningRate: Float = 6e-4
    /// Pictures drawn of each material; every sample cuts one anew.
    public var patchesPerMaterial = 60
    /// Scenes that samples are put into.
    public var backgrounds = 400

    public init() {}

    /// Trains from new weights and writes them in fp16.
    ///
    /// - Parameters:
    ///   - path: of the safetensors file.
    ///   - provenance: for its metadata.
    ///   - report: called after every step with its number and loss.
    /// - Returns: how the classifier does on layouts that are not in training.
    /// - Throws: `ModelError` when the file cannot be written; `TrainingError` on a loss that is not a number.
    public func run(
        writing path: String, provenance: [String: String], testsPerMaterial: Int = 40,
        report: (_ step: Int, _ loss: Double) -> Void
    ) throws -> ConfusionMatrix {
        let classifier = try MaterialClassifier(ParameterSet(seed: seed))
        let optimizer = AdamW(classifier.parameters)
        let schedule = LearningRateSchedule(peak: learningRate, warmUpSteps: min(100, steps / 10), totalSteps: steps)
        let batches = MaterialBatches(
            .training, patchesPerMaterial: patchesPerMaterial, backgrounds: backgrounds, seed: seed)
        batches.prepare()
        for step in 0..<steps {
            let batch = batches.batch(step: step, count: batch)
            let (images, holes) = Self.tensors(batch)
            let loss = classifier.logits(images, holes: holes).crossEntropy(labels: batch.labels)
            let value = Double(loss.value.scalar)
            guard value.isFinite else { throw TrainingError.lossNotFinite(step: step, folder: path) }
            loss.backward()
            optimizer.update(rate: schedule.rate(at: step), maximumNorm: 1)
            report(step + 1, value)
        }
        try classifier.write(to: path, provenance: provenance)
        return Self.test(try MaterialClassifier(reading: path), perMaterial: testsPerMaterial)
    }

    /// Classifies true materials in layouts held out from training: the ceiling of what fills can reach.
    public static func test(_ classifier: MaterialClassifier, perMaterial: Int) -> ConfusionMatrix {
        let batches = MaterialBatches(
            .testing, patchesPerMaterial: perMaterial, backgrounds: 5 * perMaterial, seed: 7)
        batches.prepare()
        var matrix = ConfusionMatrix(labels: MaterialClassifier.materials)
        for batch in batches.evenBatches(perMaterial: perMaterial) {
            let (images, holes) = tensors(batch)
            for (label, found) in zip(batch.labels, classifier.classify(images, holes: holes)) {
                matrix.add(expected: label, found: found)
            }
        }
        return matrix
    }

    static func tensors(_ batch: MaterialBatches.Batch) -> (images: Tensor, holes: Tensor) {
        let (count, side) = (batch.labels.count, MaterialScenes.side)
        return (
            Tensor(batch.images, shape: [count, 3, side, side]), Tensor(batch.holes, shape: [count, 1, side, side])
        )
    }
}
