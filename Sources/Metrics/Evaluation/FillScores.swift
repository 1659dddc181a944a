/// How one way of filling did on every sample of a ``FillEvaluator``, and in sum.
public struct FillScores: Sendable {
    /// Of the row in a report.
    public let name: String
    /// What was measured over all samples.
    public internal(set) var values: [FillMetric: MetricValue] = [:]
    /// For metrics that are means over samples: the number of each sample, in their order.
    public internal(set) var perSample: [FillMetric: [Double]] = [:]
    /// The error over the hole (or over the picture, where there is no mask) of each sample.
    public private(set) var errors: [HoleError] = []

    init(name: String) { self.name = name }

    /// Measures a sample by what needs no network.
    mutating func add(_ fill: MetricImage, _ sample: ReferenceSample) {
        let truth = sample.truth, (width, height) = (truth.width, truth.height)
        let whole = HoleError(fill: fill.values, truth: truth.values)
        let wholeSSIM =
            StructuralSimilarity.overImage(fill: fill.values, truth: truth.values, width: width, height: height)
        let hole: HoleError, holeSSIM: Double?
        if let mask = sample.mask {
            hole = HoleError(fill: fill.values, truth: truth.values, mask: mask)
            holeSSIM = StructuralSimilarity.overHole(
                fill: fill.values, truth: truth.values, mask: mask, width: width, height: height)
        } else {
            (hole, holeSSIM) = (whole, wholeSSIM)
        }
        errors.append(hole)
        perSample[.psnr, default: []].append(hole.psnr)
        perSample[.psnrImage, default: []].append(whole.psnr)
        guard let holeSSIM, let wholeSSIM else {
            preconditionFailure("Metrics: a sample without hole, or smaller than the window of SSIM")
        }
        perSample[.ssim, default: []].append(holeSSIM)
        perSample[.ssimImage, default: []].append(wholeSSIM)
    }

    /// Means over samples and the pooled PSNR, with their intervals.
    mutating func summarize(photos: PhotoBootstrap) {
        for (metric, numbers) in perSample where values[metric] == nil {
            values[metric] = .measured(
                Self.mean(numbers, of: nil), interval: photos.interval { Self.mean(numbers, of: $0) })
        }
        values[.psnrPooled] = .measured(pooled(nil), interval: photos.interval { pooled($0) })
    }

    private static func mean(_ numbers: [Double], of samples: [Int]?) -> Double {
        guard let samples else { return numbers.reduce(0, +) / Double(numbers.count) }
        return samples.reduce(0) { $0 + numbers[$1] } / Double(samples.count)
    }

    private func pooled(_ samples: [Int]?) -> Double {
        guard let samples else { return HoleError.summary(errors)?.pooled ?? HoleError.ceiling }
        return HoleError.summary(samples.map { errors[$0] })?.pooled ?? HoleError.ceiling
    }

    /// A metric over some of the samples; nil for distances between whole sets, and for no samples.
    public func value(_ metric: FillMetric, over samples: [Int]) -> Double? {
        guard !samples.isEmpty else { return nil }
        if metric == .psnrPooled { return pooled(samples) }
        return perSample[metric].map { Self.mean($0, of: samples) }
    }

    /// How much more than `baseline`, with the interval of the difference over draws of photos; nil for distances
    /// between whole sets.
    public func difference(
        _ metric: FillMetric, to baseline: FillScores, photos: PhotoBootstrap
    ) -> MetricValue? {
        let all = Array(errors.indices)
        func difference(_ samples: [Int]) -> Double? {
            guard let a = value(metric, over: samples), let b = baseline.value(metric, over: samples) else {
                return nil
            }
            return a - b
        }
        guard let value = difference(all) else { return nil }
        return .measured(value, interval: photos.interval { difference($0) ?? 0 })
    }
}
