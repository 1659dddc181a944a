/// One true picture with its hole, which fills are measured against.
public struct ReferenceSample: Sendable {
    /// The photo that it was cut from: samples of one photo are drawn together by the bootstrap.
    public var photo: String
    public var truth: MetricImage
    /// `[height, width]`, 255 (128 and up) = hole; nil when the whole picture counts.
    public var mask: [UInt8]?
    public var content: ContentClass

    /// The shortest side that can be measured, in pixels.
    public static let smallestSide = 16

    /// - Parameters:
    ///   - photo: which one it is from; intervals are drawn over photos.
    ///   - truth: no side shorter than ``smallestSide``.
    ///   - mask: with at least one pixel of hole.
    ///   - content: found from the picture where it is nil.
    public init(photo: String, truth: MetricImage, mask: [UInt8]?, content: ContentClass? = nil) {
        precondition(
            mask.map { $0.count == truth.width * truth.height } ?? true, "Metrics: a mask of another size")
        precondition(
            min(truth.width, truth.height) >= Self.smallestSide, "Metrics: \(truth.width)x\(truth.height) is too small")
        self.photo = photo
        self.truth = truth
        self.mask = mask
        self.content = content ?? ContentClass(of: truth, mask: mask)
    }
}

/// Measures fills of the same samples by every metric. What depends on the true pictures alone is computed once.
///
/// ```swift
/// let evaluator = FillEvaluator(samples)
/// let before = try evaluator.scores(of: prefills, name: "pre-fill")
/// let after = try evaluator.scores(of: fills, name: "student")
/// print(FillReport(rows: [before, after], evaluator).markdown)
/// ```
public final class FillEvaluator {
    public let samples: [ReferenceSample]
    public let bootstrap: PhotoBootstrap
    /// Whether holes were given: without them the metrics of the hole are those of the whole picture.
    public let hasHoles: Bool
    private let networks: NetworkScores
    private lazy var referencePatches = patches(of: samples.map(\.truth))

    /// - Parameters:
    ///   - samples: at least one; all of them with a mask, or none.
    ///   - weights: of the metrics that need networks; they are not measured without.
    public init(_ samples: [ReferenceSample], weights: MetricWeights = MetricWeights()) {
        precondition(!samples.isEmpty, "Metrics: nothing to measure against")
        let hasHoles = samples[0].mask != nil
        precondition(
            samples.allSatisfy { ($0.mask != nil) == hasHoles }, "Metrics: a mask for every sample or for none")
        self.hasHoles = hasHoles
        networks = NetworkScores(weights: weights, truths: samples.map(\.truth))
        self.samples = samples
        bootstrap = PhotoBootstrap(photos: samples.map(\.photo))
    }

    private func patches(of images: [MetricImage]) -> SlicedWasserstein.Descriptors {
        SlicedWasserstein.descriptors(of: images, masks: hasHoles ? samples.compactMap(\.mask) : nil)
    }

    /// Measures one way of filling.
    ///
    /// - Parameters:
    ///   - fills: one for each sample, of its size. They are rounded to 8 bits first, as they would be saved.
    ///   - name: of the row in a report.
    /// - Throws: `MetricWeightsError` when a network's file is damaged or holds another network.
    public func scores(of fills: [MetricImage], name: String) throws -> FillScores {
        precondition(fills.count == samples.count, "Metrics: \(fills.count) fills of \(samples.count) samples")
        for (fill, sample) in zip(fills, samples) {
            precondition(
                fill.hasSize(of: sample.truth),
                "Metrics: a fill of \(fill.width)x\(fill.height) for a picture of "
                    + "\(sample.truth.width)x\(sample.truth.height)")
        }
        let fills = fills.map(\.rounded)
        var scores = FillScores(name: name)
        for (fill, sample) in zip(fills, samples) { scores.add(fill, sample) }
        for (metric, network) in [(FillMetric.lpipsAlex, MetricNetwork.lpipsAlex), (.lpipsVGG, .lpipsVGG)] {
            let (distances, reason) = try networks.similarity(network, fills)
            scores.perSample[metric] = distances
            scores.values[metric] = reason
        }
        scores.summarize(photos: bootstrap)
        scores.values[.swd] =
            SlicedWasserstein.distance(patches(of: fills), reference: referencePatches)
            .map { .measured($0, interval: nil) }
            ?? .notMeasured("the holes are too small for patches")
        scores.values[.fid] = try networks.frechet(fills)
        scores.values[.cmmd] = try networks.discrepancy(fills)
        return scores
    }
}
