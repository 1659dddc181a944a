import Foundation
import Metrics
import Testing

/// Against scikit-image and make_crops.py; Tests/Peers/make_pixel_goldens.py wrote the numbers.
@Suite("PSNR, SSIM and content against scikit-image and OpenCV")
struct PixelGoldenTests {
    struct Entry: Decodable, Sendable {
        var height: Int, width: Int
        var psnr_image: Double, psnr: Double, ssim_image: Double, ssim: Double
        var contents: [String]

        var truth: MetricImage { PortableRandom.picture("truth \(height)x\(width)", height: height, width: width) }

        var fill: MetricImage {
            let noise = PortableRandom.uniform("error \(height)x\(width)", 3 * height * width)
            let values = zip(truth.values, noise).map { value, noise in
                min(max((value * 255).rounded() + (noise * 41).rounded(.down) - 20, 0), 255) / 255
            }
            return MetricImage(width: width, height: height, values: values)
        }

        var hole: [UInt8] {
            let radius = min(height, width) / 3
            return (0..<(height * width)).map { i in
                let (x, y) = (i % width - width / 3, i / width - height / 2)
                return x * x + y * y < radius * radius ? 255 : 0
            }
        }
    }

    static let entries: [Entry] = (try? golden("pixels.json")) ?? []

    @Test func theGoldenFileIsThere() { #expect(Self.entries.count == 3) }

    @Test(arguments: entries.indices)
    func everyScoreIsTheirsToFourDigits(_ index: Int) throws {
        let entry = Self.entries[index]
        let sample = ReferenceSample(photo: "a", truth: entry.truth, mask: entry.hole)
        let scores = try FillEvaluator([sample]).scores(of: [entry.fill], name: "golden")
        func near(_ metric: FillMetric, _ expected: Double) {
            let value = scores.values[metric]?.value ?? .nan
            #expect(abs(value - expected) < 1e-4, "\(metric): \(value), expected \(expected)")
        }
        near(.psnr, entry.psnr)
        near(.psnrPooled, entry.psnr)
        near(.ssim, entry.ssim)
        near(.psnrImage, entry.psnr_image)
        near(.ssimImage, entry.ssim_image)
    }

    @Test(arguments: entries.indices)
    func contentIsThatOfTheCropMaker(_ index: Int) {
        let entry = Self.entries[index], (width, height) = (entry.width, entry.height)
        let colour = PortableRandom.picture("flat", height: 8, width: 8)
        var flat: [Float] = [], step: [Float] = []
        for channel in 0..<3 {
            for pixel in 0..<(width * height) {
                let value = colour.values[channel * 64]
                flat.append(value)
                step.append(pixel % width >= width / 3 ? (value * 0.5 * 255).rounded(.toNearestOrEven) / 255 : value)
            }
        }
        let pictures = [flat, step].map { MetricImage(width: width, height: height, values: $0) } + [entry.truth]
        #expect(pictures.map { ContentClass(of: $0, mask: entry.hole).rawValue } == entry.contents)
    }

    @Test func withoutMasksTheWholePictureCounts() throws {
        let entry = Self.entries[0]
        let sample = ReferenceSample(photo: "a", truth: entry.truth, mask: nil)
        let scores = try FillEvaluator([sample]).scores(of: [entry.fill], name: "whole")
        #expect(scores.values[.psnr]?.value == scores.values[.psnrImage]?.value)
        #expect(scores.values[.ssim]?.value == scores.values[.ssimImage]?.value)
        #expect(abs((scores.values[.ssim]?.value ?? 0) - entry.ssim_image) < 1e-4)
    }
}
