import Metrics
import TensorCore

/// Held-out sets of crops with what is known of their true pictures, which is computed once for all fills.
struct MeasuredSets {
    private let sets: [(crops: ValidationSet, evaluator: FillEvaluator)]

    /// - Parameter weights: of the metrics that need networks.
    init(_ sets: [ValidationSet], weights: MetricWeights) {
        self.sets = sets.map { ($0, FillEvaluator($0.samples, weights: weights)) }
    }

    /// Every metric of one way of filling; sets that it does not fill are left out.
    /// - Throws: `MetricWeightsError` when a metric's network cannot be read, and what `fills` throws.
    func figures(_ fills: (ValidationSet) throws -> Tensor?) throws -> AblationTable.Figures {
        var result: AblationTable.Figures = [:]
        for (crops, evaluator) in sets {
            guard let filled = try fills(crops) else { continue }
            let scores = try evaluator.scores(of: CropFile.images(of: filled), name: crops.name)
            result[crops.name] = Dictionary(uniqueKeysWithValues: scores.values.map { ($0.key.rawValue, $0.value) })
        }
        return result
    }

    /// Those of a network that samples in so many steps.
    func figures(of network: InpaintingNetwork, steps: Int) throws -> AblationTable.Figures {
        try figures { $0.fills(by: network, steps: steps, seed: 0) }
    }
}
