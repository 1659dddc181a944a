import Foundation

/// The error of a fill over the pixels of the hole alone, or of a picture over all of its pixels. Add several for the
/// error over all of their pixels.
public struct HoleError: Sendable, Equatable {
    /// Sum over hole pixels and channels of (fill - truth)^2.
    public private(set) var squared: Double
    /// Pixels that count, times channels.
    public private(set) var samples: Int

    /// A crop without error scores this much: errors below a half of an 8-bit step cannot be told from none, and a
    /// few flat crops at 100 dB would decide any mean.
    public static let ceiling = 60.0

    /// - Parameters:
    ///   - fill: planar `[channels, pixels]`, 0...1. Round it first (``rounded8Bit(_:)``) to score what is saved.
    ///   - truth: of the same shape.
    ///   - mask: `[pixels]`, 255 (128 and up) = hole.
    public init(fill: [Float], truth: [Float], mask: [UInt8]) {
        precondition(
            !mask.isEmpty && fill.count == truth.count && fill.count % mask.count == 0, "shapes do not match")
        squared = 0
        samples = 0
        for channel in 0..<(fill.count / mask.count) {
            for (pixel, value) in mask.enumerated() where value >= 128 {
                let difference = Double(fill[channel * mask.count + pixel] - truth[channel * mask.count + pixel])
                squared += difference * difference
                samples += 1
            }
        }
    }

    /// The error over the whole picture: scikit-image's `peak_signal_noise_ratio(truth, fill, data_range=1)`.
    ///
    /// - Parameters:
    ///   - fill: any number of values, 0...1.
    ///   - truth: as many.
    public init(fill: [Float], truth: [Float]) {
        precondition(fill.count == truth.count, "shapes do not match")
        squared = 0
        samples = fill.count
        for (a, b) in zip(fill, truth) {
            let difference = Double(a - b)
            squared += difference * difference
        }
    }

    private init(squared: Double, samples: Int) {
        self.squared = squared
        self.samples = samples
    }

    public static func + (a: HoleError, b: HoleError) -> HoleError {
        HoleError(squared: a.squared + b.squared, samples: a.samples + b.samples)
    }

    /// Peak signal-to-noise ratio in dB for a peak of 1: `-10 log10(mean squared error)`, at most ``ceiling``.
    public var psnr: Double {
        guard samples > 0, squared > 0 else { return Self.ceiling }
        return min(Self.ceiling, -10 * log10(squared / Double(samples)))
    }

    /// The mean over crops of their PSNR, and the PSNR of the error pooled over all hole pixels of all crops; nil
    /// without crops.
    public static func summary(_ crops: [HoleError]) -> (mean: Double, pooled: Double)? {
        guard let first = crops.first else { return nil }
        let mean = crops.reduce(0) { $0 + $1.psnr } / Double(crops.count)
        return (mean, crops.dropFirst().reduce(first, +).psnr)
    }
}

/// Values as an 8-bit file keeps them: clamped to 0...1 and rounded to 1/255.
public func rounded8Bit(_ values: [Float]) -> [Float] {
    values.map { (min(max($0, 0), 1) * 255).rounded() / 255 }
}
