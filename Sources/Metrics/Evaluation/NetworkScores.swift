/// The metrics that need trained networks, over the samples of an evaluator. What depends on the true pictures alone is
/// computed once.
final class NetworkScores {
    static let missing = MetricValue.notMeasured("weights not installed")

    private let weights: MetricWeights
    private let truths: [MetricImage]
    private var features: [MetricNetwork: [PerceptualSimilarity.Features]] = [:]
    private var inceptionFeatures: [[Float]]?
    private var embeddings: [[Float]]?

    init(weights: MetricWeights, truths: [MetricImage]) {
        self.weights = weights
        self.truths = truths
    }

    /// LPIPS of every fill against its truth; a reason where there is none.
    func similarity(_ network: MetricNetwork, _ fills: [MetricImage]) throws -> (distances: [Double]?, MetricValue?) {
        guard let metric = try weights.similarity(network) else { return (nil, Self.missing) }
        let smallest = truths.map { min($0.width, $0.height) }.min() ?? 0
        guard smallest >= PerceptualSimilarity.smallestSide else {
            return (nil, .notMeasured("pictures below \(PerceptualSimilarity.smallestSide) pixels"))
        }
        // Features of few small pictures are kept for the next row; those of many would fill the memory.
        let isKept = truths.reduce(0) { $0 + $1.values.count } < 1 << 23
        var distances: [Double] = []
        var kept = features[network] ?? []
        for (index, fill) in fills.enumerated() {
            let truth = index < kept.count ? kept[index] : metric.features(of: truths[index])
            if isKept, index >= kept.count { kept.append(truth) }
            distances.append(metric.distance(metric.features(of: fill), truth))
        }
        features[network] = kept
        return (distances, nil)
    }

    /// FID between the fills and the true pictures.
    func frechet(_ fills: [MetricImage]) throws -> MetricValue {
        guard let network = try weights.inception() else { return Self.missing }
        guard fills.count > 1, truths.count > 1 else { return .notMeasured("needs two pictures") }
        let reference = inceptionFeatures ?? truths.map(network.features)
        inceptionFeatures = reference
        guard let distance = FrechetDistance.between(fills.map(network.features), reference) else {
            return .notMeasured("features are not finite")
        }
        return .measured(distance, interval: nil)
    }

    /// CMMD between the fills and the true pictures.
    func discrepancy(_ fills: [MetricImage]) throws -> MetricValue {
        guard let tower = try weights.clip() else { return Self.missing }
        let reference = embeddings ?? truths.map(tower.embedding)
        embeddings = reference
        return .measured(MaximumMeanDiscrepancy.between(fills.map(tower.embedding), reference), interval: nil)
    }
}
