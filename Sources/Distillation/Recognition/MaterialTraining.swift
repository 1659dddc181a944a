import Layers
import TensorCore

/// Trains a ``MaterialClassifier`` on the generator's materials.
public struct MaterialTraining: Sendable {
    public var steps = 12000
    public var batch = 32
    /// Side of the pictures: small ones, since labels of one picture are much alike.
    static let size = 64
    /// Swatches of each material.
    public var swatches = 16
    public var seed: UInt64 = 1
    public var learningRate: Float = 1.5e-3
    /// Scenes that crops are cut from.
    public var scenes = 600

    public init() {}

    /// Trains from new weights and writes them in fp16.
    /// - Parameters:
    ///   - path: of the safetensors file.
    ///   - provenance: for its metadata.
    ///   - report: called after every step with its number and loss.
    ///   - shouldStop: ends the training; what has been learnt is written.
    /// - Returns: the steps made.
    /// - Throws: `ModelError` when the file cannot be written; `TrainingError` on a loss that is not a number.
    public func run(
        writing path: String, provenance: [String: String],
        report: (_ step: Int, _ loss: Double) -> Void,
        shouldStop: () -> Bool
    ) throws -> Int {
        let classifier = try MaterialClassifier(seed: seed)
        let optimizer = AdamW(classifier.parameters.all)
        let average = ExponentialMovingAverage(classifier.parameters.all, decay: 0.995)
        let rates = LearningRateSchedule(
            peak: learningRate, warmUpSteps: max(1, min(100, steps / 10)), totalSteps: steps)
        let samples = MaterialSamples(seed: seed &+ 0x00C1_A551F7, scenes: scenes, size: Self.size, swatches: swatches)
        var made = 0
        while made < steps, !shouldStop() {
            let drawn = samples.batch(step: made, count: batch)
            let images = Tensor(drawn.images, shape: [batch, 3, samples.size, samples.size])
            // A batch of skies behind unnamed things alone has nothing to teach.
            if drawn.labels.contains(where: { $0 != nil }) {
                let loss = classifier.logits(images).crossEntropy(labels: drawn.labels)
                let value = Double(loss.value.scalar)
                guard value.isFinite else { throw TrainingError.lossNotFinite(step: made, folder: path) }
                loss.backward()
                optimizer.update(rate: rates.rate(at: made), maximumNorm: 1)
                average.update()
                report(made + 1, value)
            }
            made += 1
        }
        let averaged = try MaterialClassifier(
            ParameterSet(loaded: average.tensors, origin: path, requiresGradient: false))
        try averaged.write(to: path, provenance: provenance)
        return made
    }

    /// How often true materials in holes are recognised, in layouts held out from training: the ceiling of what fills can
    /// reach.
    /// - Parameters:
    ///   - classifier: a trained one.
    ///   - perMaterial: holes of each material.
    public static func test(_ classifier: MaterialClassifier, perMaterial: Int) -> ConfusionMatrix {
        let samples = MaterialSamples(seed: 0x7E57_1AB5, scenes: 4 * perMaterial)
        var matrix = ConfusionMatrix(labels: MaterialClassifier.materials.map(\.name))
        for material in MaterialClassifier.materials.indices {
            let batch = samples.holes([material], count: perMaterial)
            let shape = [perMaterial, 3, samples.size, samples.size]
            let found = classifier.classify(
                Tensor(batch.images, shape: shape),
                holes: Tensor(batch.holes, shape: [perMaterial, 1, samples.size, samples.size]))
            for label in found { matrix.add(expected: material, found: label) }
        }
        return matrix
    }
}
