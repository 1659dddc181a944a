import Foundation
import Metrics
import Testing

@Suite struct FillReportTests {
    private func sample(_ photo: String, _ seed: Int) -> ReferenceSample {
        let truth = PortableRandom.picture("sample \(seed)", height: 32, width: 32)
        return ReferenceSample(
            photo: photo, truth: truth, mask: (0..<1024).map { $0 % 32 < 16 ? 255 : 0 },
            content: seed == 0 ? .smooth : .edges)
    }

    /// Every value moved by `steps` of 8 bits, towards grey.
    private func moved(_ image: MetricImage, by steps: Float) -> MetricImage {
        MetricImage(
            width: image.width, height: image.height,
            values: image.values.map { $0 < 0.5 ? $0 + steps / 255 : $0 - steps / 255 })
    }

    private func report() throws -> FillReport {
        let samples = [sample("a", 0), sample("a", 1), sample("b", 2)]
        let evaluator = FillEvaluator(samples)
        let near = try evaluator.scores(of: samples.map { moved($0.truth, by: 1) }, name: "near")
        let far = try evaluator.scores(
            of: zip(samples, [4, 4, 16]).map { moved($0.truth, by: $1) }, name: "far")
        return FillReport(rows: [near, far], evaluator)
    }

    @Test func jsonHoldsValuesDifferencesAndContents() throws {
        let data = try JSONEncoder().encode(try report())
        let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(json["samples"] as? Int == 3)
        #expect(json["photos"] as? Int == 2)
        let rows = try #require(json["rows"] as? [[String: Any]])
        #expect(rows.map { $0["name"] as? String } == ["near", "far"])
        func number(_ row: Int, _ path: String...) throws -> Double {
            var value: Any = rows[row]
            for key in path { value = try #require((value as? [String: Any])?[key], "\(path)") }
            return try #require(value as? Double)
        }
        let one = 20 * log10(255.0)
        #expect(abs(try number(0, "metrics", "psnr", "value") - one) < 1e-4)
        let far = (2 * (one - 20 * log10(4.0)) + one - 20 * log10(16.0)) / 3
        #expect(abs(try number(1, "metrics", "psnr", "value") - far) < 1e-4)
        #expect(abs(try number(1, "difference", "psnr", "value") - (far - one)) < 1e-4)
        #expect(abs(try number(1, "content", "edges", "psnr") - (one - 20 * log10(8.0))) < 1e-4)
        #expect(rows[0]["difference"] == nil)
        // Photos are drawn, not samples: twice "a" and twice "b" are the ends.
        let interval = try #require(
            ((rows[1]["metrics"] as? [String: Any])?["psnr"] as? [String: Any])?["interval"] as? [Double])
        #expect(abs(interval[0] - (one - 20 * log10(16.0))) < 1e-4)
        #expect(abs(interval[1] - (one - 20 * log10(4.0))) < 1e-4)
        #expect(((rows[1]["metrics"] as? [String: Any])?["swd"] as? [String: Any])?["interval"] == nil)
    }

    @Test func tablesNameEveryRowAndClass() throws {
        let text = try report().markdown
        #expect(text.hasPrefix("3 samples of 2 photos"))
        for part in ["| near |", "| far |", "smooth (1)", "edges (2)", "Difference to near", "PSNR ↑", "SWD ↓"] {
            #expect(text.contains(part), "\(part) is not in\n\(text)")
        }
        #expect(!text.contains("texture ("))
    }

    @Test func onePhotoHasNoInterval() throws {
        let sample = sample("a", 0)
        let scores = try FillEvaluator([sample]).scores(of: [moved(sample.truth, by: 1)], name: "one")
        guard case .measured(_, let interval)? = scores.values[.psnr] else {
            Issue.record("not measured")
            return
        }
        #expect(interval == nil)
    }

    @Test func theBootstrapOfEqualPhotosIsNarrow() throws {
        let interval = try #require(PhotoBootstrap(photos: ["a", "b", "c"]).interval { Double($0.count) })
        #expect(interval == 3...3)
        #expect(PhotoBootstrap(photos: ["a", "a"]).interval { _ in 1 } == nil)
    }
}
