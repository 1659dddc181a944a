import Foundation
import Layers
import Metrics
import TensorCore
import Testing

@Suite struct MetricWeightsTests {
    /// A folder that is removed with the test.
    private final class Folder {
        let path = NSTemporaryDirectory() + "refine-\(UUID().uuidString)"
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private func alex() -> [String: Tensor] {
        PerceptualNames.shapes("alex").reduce(into: [:]) { $0[$1.key] = PortableRandom.weight($1.key, $1.value) }
    }

    private let samples = (0..<2).map {
        ReferenceSample(
            photo: "\($0)", truth: PortableRandom.picture("truth \($0)", height: 40, width: 40), mask: nil)
    }

    private func scores(_ weights: MetricWeights) throws -> FillScores {
        try FillEvaluator(samples, weights: weights).scores(
            of: (0..<2).map { PortableRandom.picture("fill \($0)", height: 40, width: 40) }, name: "fill")
    }

    private let missing = MetricValue.notMeasured("weights not installed")

    @Test func withoutWeightsTheColumnsSaySo() throws {
        let scores = try scores(MetricWeights(folder: "/nowhere/at/all", isRequired: false))
        for metric in [FillMetric.lpipsAlex, .lpipsVGG, .fid, .cmmd] { #expect(scores.values[metric] == missing) }
        #expect(scores.values[.psnr]?.value != nil)
    }

    @Test func everyFileMeasuresItsOwnColumn() throws {
        let folder = try Folder()
        try Safetensors.write(alex(), to: "\(folder.path)/lpips-alex.safetensors", as: .float16)
        let clip = try CLIPVisionTower.shapes(NetworkGoldenTests.tinyCLIP)
        try Safetensors.write(
            clip.reduce(into: [:]) { $0[$1.key] = PortableRandom.weight($1.key, $1.value) },
            to: "\(folder.path)/cmmd-clip.safetensors")
        let weights = try MetricWeights(folder: folder.path, isRequired: true, clip: NetworkGoldenTests.tinyCLIP)
        let scores = try scores(weights)
        #expect(scores.perSample[.lpipsAlex]?.count == 2)
        #expect(try #require(scores.values[.cmmd]?.value) > 0)
        #expect(scores.values[.lpipsVGG] == missing)
        #expect(scores.values[.fid] == missing)
    }

    @Test func foldersThatCannotBeMeantAreRefused() throws {
        #expect(throws: MetricWeightsError.self) { try MetricWeights(folder: "/nowhere/at/all", isRequired: true) }
        let folder = try Folder()
        try Data().write(to: URL(fileURLWithPath: "\(folder.path)/lpips-squeeze.safetensors"))
        let error = #expect(throws: MetricWeightsError.self) {
            try MetricWeights(folder: folder.path, isRequired: false)
        }
        #expect(error?.description.contains("lpips-squeeze.safetensors: no metric has weights of this name") == true)
    }

    @Test(arguments: [
        ("missing", "features.3.bias"), ("unknown", "classifier.1.weight"), ("shape", "lin2.model.1.weight"),
    ])
    func filesOfAnotherNetworkAreRefusedByTensor(_ kind: String, _ name: String) throws {
        let folder = try Folder()
        var tensors = alex()
        switch kind {
        case "missing": tensors[name] = nil
        case "unknown": tensors[name] = Tensor([1], shape: [1])
        default: tensors[name] = Tensor([1], shape: [1, 1, 1, 1])
        }
        try Safetensors.write(tensors, to: "\(folder.path)/lpips-alex.safetensors", as: .float16)
        let weights = try MetricWeights(folder: folder.path, isRequired: true)
        let error = #expect(throws: MetricWeightsError.self) { try scores(weights) }
        #expect(error?.description.contains(name) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("scripts/convert-metric-weights") == true)
    }

    @Test func damagedFilesAreRefused() throws {
        let folder = try Folder()
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: "\(folder.path)/fid-inception.safetensors"))
        let weights = try MetricWeights(folder: folder.path, isRequired: true)
        let error = #expect(throws: MetricWeightsError.self) { try scores(weights) }
        #expect(error?.place.hasSuffix("fid-inception.safetensors") == true)
    }

    @Test func theDefaultFolderFollowsXDG() {
        #expect(
            MetricWeights.defaultFolder(environment: ["XDG_DATA_HOME": "/data", "HOME": "/home/a"])
                == "/data/refine-control/metrics")
        #expect(
            MetricWeights.defaultFolder(environment: ["XDG_DATA_HOME": "data", "HOME": "/home/a"])
                == "/home/a/.local/share/refine-control/metrics")
    }
}
