import Metrics
import Testing

/// Golden numbers: numpy 2.4.6 and scikit-image 0.26.0, by
///
///     import numpy as np; from skimage.metrics import structural_similarity
///     c, y, x = np.mgrid[0:3, 0:20, 0:24]
///     truth = ((x * 5 + y * 9 + c * 40 + (x * y) % 7 * 6) % 256) / 255
///     fill = ((x * 5 + y * 8 + c * 43 + (x * y) % 5 * 7) % 256) / 255
///     hole = (x[0] - 10) ** 2 + (y[0] - 12) ** 2 < 40
///     print(-10 * np.log10(((fill - truth) ** 2)[:, hole].mean()))
///     _, s = structural_similarity(truth, fill, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
///                                  data_range=1, channel_axis=0, full=True)
///     print(s[:, hole].mean())
@Suite struct HoleMetricTests {
    private let width = 24
    private let height = 20

    private func planes(_ value: (_ c: Int, _ y: Int, _ x: Int) -> Int) -> [Float] {
        (0..<(3 * width * height)).map { i in
            Float(value(i / (width * height), i / width % height, i % width) % 256) / 255
        }
    }

    private var truth: [Float] { planes { c, y, x in x * 5 + y * 9 + c * 40 + (x * y) % 7 * 6 } }
    private var fill: [Float] { planes { c, y, x in x * 5 + y * 8 + c * 43 + (x * y) % 5 * 7 } }
    private var hole: [UInt8] {
        (0..<(width * height)).map { i in
            let (x, y) = (i % width - 10, i / width - 12)
            return x * x + y * y < 40 ? 255 : 0
        }
    }

    @Test func psnrOverTheHoleMatchesNumpy() {
        let error = HoleError(fill: fill, truth: truth, mask: hole)
        #expect(abs(error.psnr - 11.26404213318834) < 1e-5)
    }

    @Test func ssimOverTheHoleMatchesScikitImage() throws {
        let index = try #require(
            StructuralSimilarity.overHole(fill: fill, truth: truth, mask: hole, width: width, height: height))
        #expect(abs(index - 0.3588824526628778) < 1e-6)
    }

    @Test func pixelsOutsideOfTheHoleDoNotCountForPSNR() {
        var spoiled = fill
        for (pixel, value) in hole.enumerated() where value == 0 { spoiled[pixel] = 0 }
        #expect(HoleError(fill: spoiled, truth: truth, mask: hole) == HoleError(fill: fill, truth: truth, mask: hole))
    }

    @Test func poolingWeighsPixelsAndTheMeanWeighsCrops() throws {
        let small = HoleError(fill: [0.1], truth: [0], mask: [255])
        let large = HoleError(fill: [0.01, 0.01, 0.01], truth: [0, 0, 0], mask: [255, 255, 255])
        let summary = try #require(HoleError.summary([small, large]))
        #expect(abs(summary.mean - 30) < 1e-4)
        // (0.01 + 3 * 0.0001) / 4
        #expect(abs(summary.pooled - 25.8916) < 1e-3)
        #expect(HoleError.summary([]) == nil)
    }

    @Test func perfectFillsScoreTheCeilingAndOne() throws {
        #expect(HoleError(fill: truth, truth: truth, mask: hole).psnr == HoleError.ceiling)
        let index = try #require(
            StructuralSimilarity.overHole(fill: truth, truth: truth, mask: hole, width: width, height: height))
        #expect(abs(index - 1) < 1e-9)
        let empty = [UInt8](repeating: 0, count: hole.count)
        #expect(
            StructuralSimilarity.overHole(fill: fill, truth: truth, mask: empty, width: width, height: height) == nil)
    }

    @Test func roundingIsThatOfAnEightBitFile() {
        #expect(rounded8Bit([-1, 0.2, 0.5, 2]) == [0, 51 / 255, 128 / 255, 1])
    }
}
