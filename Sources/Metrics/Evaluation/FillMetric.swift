/// What is measured of a set of fills; the raw value is its key in JSON.
public enum FillMetric: String, CaseIterable, Codable, Sendable {
    /// PSNR over the hole of each sample, averaged over samples.
    case psnr
    /// PSNR of the squared error of all hole pixels of all samples together.
    case psnrPooled = "psnr_pooled"
    /// SSIM over the hole of each sample, averaged over samples.
    case ssim
    /// PSNR over the whole picture, averaged over samples.
    case psnrImage = "psnr_image"
    /// SSIM over the whole picture, averaged over samples.
    case ssimImage = "ssim_image"
    /// See ``SlicedWasserstein``; patches in the holes, where there are masks.
    case swd
    /// See ``PerceptualSimilarity``, with AlexNet's features; over whole pictures, averaged over samples.
    case lpipsAlex = "lpips_alex"
    /// The same with VGG16's features.
    case lpipsVGG = "lpips_vgg"
    /// Fréchet distance of Inception-v3's features (FID), over whole pictures.
    case fid
    /// See ``MaximumMeanDiscrepancy``, of CLIP's embeddings, over whole pictures.
    case cmmd

    /// Its head in a table.
    public var title: String {
        switch self {
        case .psnr: "PSNR"
        case .psnrPooled: "PSNR pooled"
        case .ssim: "SSIM"
        case .psnrImage: "PSNR image"
        case .ssimImage: "SSIM image"
        case .swd: "SWD"
        case .lpipsAlex: "LPIPS (AlexNet)"
        case .lpipsVGG: "LPIPS (VGG)"
        case .fid: "FID"
        case .cmmd: "CMMD"
        }
    }

    /// True where more is better.
    public var isBetterWhenLarger: Bool {
        switch self {
        case .psnr, .psnrPooled, .ssim, .psnrImage, .ssimImage: true
        case .swd, .lpipsAlex, .lpipsVGG, .fid, .cmmd: false
        }
    }

    /// Digits behind the point in a table.
    public var digits: Int {
        switch self {
        case .psnr, .psnrPooled, .psnrImage: 2
        case .ssim, .ssimImage, .lpipsAlex, .lpipsVGG: 4
        case .cmmd: 3
        case .fid: 2
        case .swd: 1
        }
    }
}

/// One number of a report, or why there is none.
public enum MetricValue: Sendable, Equatable {
    /// - Parameter interval: 95 %, by ``PhotoBootstrap``; nil for one photo, and for distances between whole sets, which
    ///   resampling with replacement would push up.
    case measured(Double, interval: ClosedRange<Double>?)
    /// For a reader: "weights not installed".
    case notMeasured(String)

    public var value: Double? {
        guard case .measured(let value, _) = self else { return nil }
        return value
    }
}

extension MetricValue: Encodable {
    private enum CodingKeys: String, CodingKey {
        case value, interval
        case notMeasured = "not_measured"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .measured(let value, let interval):
            try container.encode(value, forKey: .value)
            if let interval { try container.encode([interval.lowerBound, interval.upperBound], forKey: .interval) }
        case .notMeasured(let reason): try container.encode(reason, forKey: .notMeasured)
        }
    }
}
